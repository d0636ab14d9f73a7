"""Many snapshots in a row, many threads, interrupts: no leaks, and no closed client is shared."""

from __future__ import annotations

import gc
import os
import random
import threading
import time
from pathlib import Path

import pytest
from jupyter_client.manager import start_new_kernel

import dockerframe as dkf
from dockerframe._transport import shared_pool
from dockerframe._transport.connection import connect
from dockerframe._transport.pool import ClientPool
from tests.engines.process import free_port
from tests.faults.stand_in import FAULTS, stand_ins

# DOCKERFRAME_SOAK=2000 runs the full test.
SNAPSHOTS = int(os.environ.get("DOCKERFRAME_SOAK", "200"))
THREADS, SECONDS = 50, float(os.environ.get("DOCKERFRAME_SOAK_SECONDS", "5"))
ALLOWED_GROWTH_MB = 40

pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
    pytest.mark.timeout(900),
]


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def memory_mb() -> float:
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def host(name: str, url: str) -> dkf.Host:
    return dkf.Host(name, url, connect_timeout=1.0, read_timeout=1.0)


def test_many_snapshots_leak_no_files_threads_or_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    by_name = {fault.name: fault for fault in FAULTS}
    chosen = random.Random(1)
    with stand_ins(tmp_path) as started:
        hosts = [host(f"h{number}", started.start(f"h{number}")) for number in range(12)]
        hosts += [host(name, started.start(name, by_name[name])) for name in ("cut in mid-body", "HTTP 500", "HTML")]
        hosts.append(host("refused", f"tcp://127.0.0.1:{free_port()}"))

        def sample() -> dkf.Snapshot:
            return dkf.Fleet(chosen.sample(hosts, chosen.randint(1, len(hosts)))).snapshot(progress=False)

        for _ in range(30):
            sample()
        shared_pool.close_all()
        time.sleep(0.2)
        before = (open_files(), threading.active_count(), memory_mb())
        for number in range(SNAPSHOTS):
            sample()
            if number % 50 == 0:
                shared_pool.close_all()
        assert all(shared_pool.references(candidate) == 0 for candidate in hosts)
        shared_pool.close_all()
        time.sleep(0.5)
        after = (open_files(), threading.active_count(), memory_mb())
    with capsys.disabled():
        print(f"\n{SNAPSHOTS} snapshots: files {before[0]} → {after[0]}, threads {before[1]} → {after[1]},", end=" ")
        print(f"memory {before[2]:.0f} → {after[2]:.0f} MB")
    # The stand-ins run in this process too, and close their ends with a delay.
    assert after[0] <= before[0] + 16
    assert after[1] <= before[1] + 2
    assert after[2] <= before[2] + ALLOWED_GROWTH_MB


def test_threads_never_share_a_closed_client(tmp_path: Path) -> None:
    pool = ClientPool(connect, idle_seconds=0.02)
    failures: list[Exception] = []
    requests = [0] * THREADS
    with stand_ins(tmp_path) as started:
        hosts = [host(f"h{number}", started.start(f"h{number}")) for number in range(5)]
        end = time.monotonic() + SECONDS

        def work(number: int) -> None:
            choice = random.Random(number)
            while time.monotonic() < end:
                try:
                    with pool.acquire(choice.choice(hosts), unique=choice.random() < 0.1) as client:
                        assert client.is_connected
                        client.get_object("/version")
                        requests[number] += 1
                    time.sleep(choice.random() * 0.05)
                except Exception as error:  # noqa: BLE001 - any failure is shown
                    failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert min(requests) > 0
        assert all(pool.references(candidate) == 0 for candidate in hosts)
        pool.close_all()


def test_interrupted_kernel_continues(tmp_path: Path) -> None:
    black_hole = next(fault for fault in FAULTS if fault.name == "black hole")
    with stand_ins(tmp_path) as started:
        hole, healthy = started.start("hole", black_hole), started.start("healthy")
        manager, client = start_new_kernel(kernel_name="python3")
        try:
            client.execute_interactive("import dockerframe as dkf", timeout=300, output_hook=lambda _: None)
            client.execute(f"dkf.Fleet.from_urls(['hole={hole}', 'healthy={healthy}']).snapshot(progress=False)")
            time.sleep(1.0)
            before = time.monotonic()
            manager.interrupt_kernel()
            reply = client.get_shell_msg(timeout=120)
            seconds = time.monotonic() - before
            assert reply["content"]["ename"] == "KeyboardInterrupt"
            # Far below the timeout of 30 s; typically half a second.
            assert seconds < 20, f"{seconds:.2f} s"
            output: list[str] = []
            client.execute_interactive(
                f"print(dkf.Fleet.from_urls(['healthy={healthy}']).snapshot(progress=False).hosts['ok'].item())",
                timeout=300,
                output_hook=lambda message: output.append(message["content"].get("text", "")),
            )
            assert "True" in "".join(output)
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
