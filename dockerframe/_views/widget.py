"""The one widget of the view: the kernel holds the rows and the state, the browser draws what it is given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anywidget
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STATIC: Final = Path(__file__).parent / "static"


class ViewWidget(anywidget.AnyWidget):  # type: ignore[misc]
    """Draws `state` and sends what the user does to `on_action`.

    Parameters
    ----------
    on_action
        Called with the name of an action and its values.
    """

    _esm = _STATIC / "view.js"
    _css = _STATIC / "view.css"

    state = traitlets.Dict().tag(sync=True)

    def __init__(self, on_action: Callable[[str, Mapping[str, Any]], None]) -> None:
        super().__init__()
        self.on_msg(lambda _widget, message, _buffers: on_action(str(message.get("action", "")), message))

    def send_file(self, name: str, media_type: str, content: bytes) -> None:
        """Have the browser save a file."""
        self.send({"type": "file", "name": name, "media_type": media_type}, buffers=[content])

    def send_text(self, text: str) -> None:
        """Have the browser put a text on the clipboard."""
        self.send({"type": "clipboard", "text": text})
