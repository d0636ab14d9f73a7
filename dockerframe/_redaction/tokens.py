"""What services issue: tokens of a known shape, and URLs that are made of tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTIFIERS: Final = (
    "discord|slack|telegram|tgram|pushover|pover|gotifys?|teams|msteams|ntfys?|pushbullet|pbul|ifttt|bark|opsgenie"
    "|rocketchat|rocket|rockets|mattermost|mmosts?|zulip|matrixs?|googlechat|gchat|signals?|twilio|webex|wxteams"
    "|workflows?|schan|dingtalk|lark|feishu|wecombot|pagerduty|prowl|simplepush|spush|notica|notifiarr|kumulos|hassios?"
)
"""Schemes of notification URLs (Apprise, Shoutrrr): what follows is made of tokens."""

WEBHOOKS: Final = (
    r"hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/|(?:ptb\.|canary\.)?discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/"
    r"|[[:word:].-]+\.webhook\.office\.com/|outlook\.office(?:365)?\.com/webhook/|[[:word:].-]+\.logic\.azure\.com[^\s\"']*/triggers/"
    r"|ntfy\.sh/|hc-ping\.com/|hooks\.zapier\.com/hooks/|maker\.ifttt\.com/trigger/|chat\.googleapis\.com/v1/spaces/"
    r"|cronitor\.link/|events\.pagerduty\.com/integration/|uptime\.betterstack\.com/api/v1/heartbeat/"
    r"|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/|api\.telegram\.org/bot|api\.day\.app/|hook\.[a-z0-9.]*make\.com/"
)
"""Hosts and paths of services whose webhook URL is all that a sender needs."""

OPAQUE: Final = "[[:word:]-]*[0-9][[:word:]-]{9,}|[[:word:]-]{9,}[0-9][[:word:]-]*|[[:word:]-]{20,}"
"""A string that is not a word: ten characters with a digit near an end, or twenty."""

TOKEN_SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    "1Password": (r"ops_eyJ[[:word:]+/=-]{16,}",),
    "age": (r"AGE-SECRET-KEY-1[0-9A-Z]{8,}",),
    "AWS": (r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{12,}",),
    "Anthropic, OpenAI": (r"sk-[a-zA-Z0-9_-]{20,}",),
    "Atlassian": (r"AT(?:ATT|CTT|BB)[[:word:]=-]{16,}",),
    "Azure": (
        r"[a-zA-Z0-9_~.]{3}[0-9]Q~[[:word:]~.-]{30,}",
        r"[a-zA-Z0-9+/]{86}==",
    ),
    "Cloudflare": (
        r"v1\.0-[0-9a-f]{24}-[0-9a-f]{40,}",
        r"cf(?:ut|at|k)_[[:word:]-]{30,}",
    ),
    "Databricks": (r"dapi[0-9a-f]{32}",),
    "DigitalOcean": (r"do[opr]_v1_[0-9a-f]{32,}",),
    "Discord": (r"[MNO][[:word:]-]{22,27}\.[[:word:]-]{6}\.[[:word:]-]{27,}",),
    "Docker": (
        r"dckr_[a-z]+_[[:word:]-]{12,}",
        r"SWMTKN-[[:word:]-]{16,}",
    ),
    "Doppler": (r"dp\.(?:pt|st|ct|sa|scim|audit)\.[[:word:].-]{20,}",),
    "Facebook": (r"EAA[a-zA-Z0-9]{60,}",),
    "Fly.io": (
        r"fo1_[[:word:]-]{30,}",
        r"fm[12][ar]?_[a-zA-Z0-9+/=]{40,}",
    ),
    "GitHub": (
        r"gh[pousr]_[a-zA-Z0-9]{20,}",
        r"github_pat_[[:word:]]{20,}",
    ),
    "GitLab": (
        r"gl[a-z]{2,8}-[[:word:]-]{16,}",
        r"GR1348941[[:word:]-]{16,}",
    ),
    "Google": (
        r"AIza[[:word:]-]{30,}",
        r"GOCSPX-[[:word:]-]{20,}",
        r"ya29\.[[:word:]-]{16,}",
        r"1//0[[:word:]-]{20,}",
    ),
    "Grafana": (r"gl(?:sa|c)_[[:word:]+/=]{20,}",),
    "Groq, Hugging Face": (
        r"gsk_[[:word:]]{20,}",
        r"hf_[a-zA-Z0-9]{20,}",
    ),
    "Perplexity, Replicate, xAI": (
        r"pplx-[[:word:]]{20,}",
        r"r8_[[:word:]]{20,}",
        r"xai-[[:word:]]{20,}",
    ),
    "JSON Web Token": (r"eyJ[[:word:]+/-]{12,}=*(?:\.[[:word:]+/-]*=*)*",),
    "Linear, Notion": (
        r"lin_(?:api|oauth)_[[:word:]]{16,}",
        r"ntn_[[:word:]]{30,}",
        r"secret_[a-zA-Z0-9]{40,}",
    ),
    "Mailchimp, Mailgun": (
        r"[0-9a-f]{32}-us[0-9]{1,2}",
        r"key-[0-9a-f]{32}",
    ),
    "SendGrid, Twilio": (
        r"SG\.[[:word:]-]{16,}\.[[:word:]-]{16,}",
        r"SK[0-9a-f]{32}",
    ),
    "NetBird, Portainer, Tailscale": (
        r"nbp_[[:word:]]{20,}",
        r"ptr_[[:word:]+/=]{20,}",
        r"tskey-[[:word:]-]{10,}",
    ),
    "New Relic": (r"NR(?:AK|II|JS|RA)-[[:word:]-]{16,}",),
    "npm, PyPI, RubyGems": (
        r"npm_[a-zA-Z0-9]{30,}",
        r"pypi-Ag[[:word:]-]{20,}",
        r"rubygems_[0-9a-f]{32,}",
    ),
    "PlanetScale, Supabase": (
        r"pscale_[a-z]+_[[:word:].=-]{20,}",
        r"sbp_[0-9a-f]{30,}",
        r"sb_secret_[[:word:]-]{16,}",
    ),
    "Plex": (r"claim-[[:word:]-]{16,}",),
    "Postman, Pulumi, Sentry": (
        r"PMAK-[0-9a-f-]{40,}",
        r"pul-[0-9a-f]{40}",
        r"sntry[su]_[[:word:]+/=]{20,}",
    ),
    "Shopify, Square": (
        r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
        r"sq0[a-z]{3}-[[:word:]-]{20,}",
        r"EAAA[[:word:]-]{40,}",
    ),
    "Slack": (
        r"xox[a-z](?:\.xox[a-z])?-[[:word:]-]{8,}",
        r"xapp-[0-9]-[[:word:]-]{8,}",
    ),
    "Stripe": (
        r"[sr]k_(?:live|test|prod)_[[:word:]]{8,}",
        r"whsec_[[:word:]+/=]{16,}",
    ),
    "Telegram": (r"[0-9]{6,12}:AA[[:word:]-]{30,}",),
    "Terraform, Vault": (
        r"[a-zA-Z0-9]{14}\.atlasv1\.[[:word:]-]{30,}",
        r"hv[sbr]\.[[:word:]-]{20,}",
    ),
}
"""Tokens that are recognised by their shape alone, by who issues them."""

SHAPE_TRIGGER: Final = (
    r"eyJ|AGE-S|A(?:KIA|SIA|BIA|CCA|3T[A-Z0-9])[A-Z0-9]|sk-|AT(?:ATT|CTT|BB)|[0-9]Q~|[a-zA-Z0-9+/]==|v1\.0-|cf(?:ut|at|k)_"
    r"|dapi[0-9a-f]|do[opr]_v1|[MNO][[:word:]-]{22,27}\.|dckr_|SWMTKN|dp\.(?:pt|st|ct|sa|sc|au)|EAA|fo1_|fm[12]|gh[pousr]_"
    r"|github_pat|gl[a-z]{2,8}-|GR13|AIza|GOCSPX|ya29|1//0|gl(?:sa|c)_|gsk_|hf_|pplx-|r8_|xai-|lin_|ntn_|secret_|-us[0-9]"
    r"|key-|SG\.|SK[0-9a-f]{32}|nbp_|ptr_|tskey|NR(?:AK|II|JS|RA)|npm_|pypi-|rubygems_|pscale_|sbp_|sb_s|claim-|PMAK"
    r"|pul-|sntry|shp(?:at|ca|pa|ss)_|sq0|xox[a-z]|xapp-|[sr]k_|whsec_|:AA|atlasv1|hv[sbr]\."
)
