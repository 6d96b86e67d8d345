"""The supervisor of the private PostgreSQL: start or adopt, watch, recover, stop; no tables."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from tgd.embedded import account, binaries, cluster, last_words
from tgd.embedded.folder import Folder, Marker
from tgd.embedded.postmaster import Postmaster, end_orphans, forget_reused_number
from tgd.errors import CannotStart
from tgd.log import log
from tgd.ports import free_port

LOOK_EVERY_S = 0.02
SAY_EVERY_S = 5.0
STOP_PATIENCE_S = 20.0
"""Asked to stop while it recovers, PostgreSQL 18.6 was seen to wait for ever: then it is ended."""
ORPHANS_END_BY_THEMSELVES_S = 3.0
ORPHANS_GIVEN_UP_S = 30.0
LOG_BYTES = 4 * 2**20
WORDS_BYTES = 8_192
PORTS_TRIED = 20


def _say_to_log(sentence: str) -> None:
    log.info("record_says", why=sentence)


class EmbeddedRecord:
    """The record's own PostgreSQL in `data_dir`, on 127.0.0.1 only.

    `durable=False` is for tests: no fsync, and the folder is marked so that it never becomes a
    real record. Without `port`, a free one is chosen and kept. Call it from one thread, and never
    from a signal handler: every method but `is_alive` may wait.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        pg_bin: Path | None = None,
        port: int | None = None,
        say: Callable[[str], None] = _say_to_log,
    ) -> None:
        self._folder = Folder(data_dir)
        self._durable = durable
        self._pg_bin = pg_bin
        self._wanted_port = port
        self._port: int | None = None
        self._say = say
        self._postmaster: Postmaster | None = None
        self._log_from = 0

    # -- what others use

    def start(self) -> str:
        """The record's SQLAlchemy URL, once it answers; waits for a crash recovery without limit.

        Raises CannotStart with what to do; then nothing is held, and it may be called again.
        """
        try:
            if not self._folder.held:
                self._take_and_run()
            elif not self.is_alive():
                self._run_again()
        except OSError as error:
            self._folder.let_go()
            raise CannotStart(self._about(error)) from error
        except CannotStart:
            self._folder.let_go()
            raise
        return self._url()

    def is_alive(self) -> bool:
        """Whether the server's process runs; never blocks."""
        return self._postmaster is not None and self._postmaster.lives()

    def restart_if_dead(self) -> bool:
        """True when the server was gone and has been started again, on the same port.

        To be called each second after `start`; also bounds the server's log. Raises CannotStart
        while it cannot be started (disk full …): call again, the next try may succeed.
        """
        if not self._folder.held:
            return False
        try:
            self._bound_log()
            if self.is_alive() and not self._stopping():
                return False
            self._say("The record's server has stopped: it is being started again.")
            self._end()
            self._run_again()
        except OSError as error:
            raise CannotStart(self._about(error)) from error
        return True

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, all else is written; waits for it.

        A server that does not end in STOP_PATIENCE_S is ended at once: nothing committed is lost,
        the next start recovers.
        """
        if not self._folder.held:
            return
        try:
            self._end()
        finally:
            self._folder.let_go()

    # -- start

    def _take_and_run(self) -> None:
        self._folder.take()
        marker = self._folder.marker(durable=self._durable)
        if marker is None or not self._adopt():
            self._begin(marker)

    def _adopt(self) -> bool:
        self._postmaster = Postmaster.find(self._folder.cluster)
        if self._postmaster is None:
            return False
        self._log_from = self._log_size()
        if self._stopping():
            self._end()
            return False
        running_on = self._await_port()
        if running_on is None or self._wanted_port not in (None, running_on):
            self._end()
            return False
        self._port = running_on
        if not self._await_ready():
            return False  # it was already on its way down
        self._folder.keep_port(running_on)
        self._say("A server of this record was still running: it has been adopted.")
        return True

    def _await_port(self) -> int | None:
        assert self._postmaster is not None
        while self._postmaster.lives():
            port = self._postmaster.port(self._folder.cluster)
            if port is not None:
                return port
            time.sleep(LOOK_EVERY_S)
        return None

    def _begin(self, marker: Marker | None) -> None:
        found = binaries.find_binaries(self._pg_bin, major=marker.postgresql if marker else None)
        runner = account.for_server(self._folder.cluster)
        self._refuse_closed_way(runner)
        if marker is None:
            major = binaries.major_of(found)
            assert major is not None, "find_binaries returns programs that run"
            marker = self._folder.claim(postgresql=major, durable=self._durable)
        found = binaries.within_reach(found, runner, self._folder.copies)
        if not marker.made:
            self._make(found, runner, marker)
        self._port = self._wanted_port or self._folder.kept_port() or free_port()
        self._launch(found, runner, fixed=self._wanted_port is not None)
        self._folder.keep_port(self._port)

    def _refuse_closed_way(self, runner: account.Account) -> None:
        closed = runner.stopped_at(self._folder.path)
        if closed is not None:
            raise CannotStart(
                f"The record's server runs as {runner.name}, who may not enter {closed}: choose "
                "another data folder, for example below /var/lib, or start as the user who owns "
                f"{closed}."
            )

    def _make(self, found: Path, runner: account.Account, marker: Marker) -> None:
        if not self._folder.cluster.exists():
            self._say(f"A new record is being made in {self._folder.path}.")
            cluster.make(found, runner, self._folder, marker.postgresql, durable=self._durable)
        self._folder.finished(marker)

    def _run_again(self) -> None:
        """The same server again: same folder, same port, so that the URLs given out stay true."""
        marker = self._folder.marker(durable=self._durable)
        major = marker.postgresql if marker else None
        runner = account.for_server(self._folder.cluster)
        found = binaries.find_binaries(self._pg_bin, major=major)
        found = binaries.within_reach(found, runner, self._folder.copies)
        self._launch(found, runner, fixed=True)

    # -- one server process

    def _launch(self, found: Path, runner: account.Account, *, fixed: bool) -> None:
        """Start until it is ready; tries again only for what passes: orphans, a chosen port."""
        since = time.monotonic()
        ports_left = 0 if fixed else PORTS_TRIED
        while not self._launched(found, runner):
            words = self._words()
            if last_words.rival(words):  # a supervisor was killed just after launching it
                if self._adopt():
                    return
                self._outwait_orphans(time.monotonic() - since)
            elif last_words.orphans(words):
                self._outwait_orphans(time.monotonic() - since)
            elif last_words.taken(words) and ports_left:
                ports_left -= 1
                self._say(f"Port {self._port} is used by another program: another is chosen.")
                self._port = free_port()
            else:
                raise CannotStart(self._why(words))

    def _launched(self, found: Path, runner: account.Account) -> bool:
        assert self._port is not None
        self._bound_log()
        forget_reused_number(self._folder.cluster)
        if not self._folder.access_rules.exists():
            self._folder.keep(self._folder.access_rules.name, cluster.ACCESS_RULES, mode=0o644)
        options = cluster.settings(self._folder, self._port, durable=self._durable)
        argv = [str(found / "postgres"), "-D", str(self._folder.cluster), *options]
        self._log_from = self._log_size()
        self._postmaster = Postmaster.launch(runner, argv, self._folder.log)
        return self._await_ready()

    def _await_ready(self) -> bool:
        """True when it answers to our password, False when it has exited; no limit between."""
        assert self._postmaster is not None
        since, said = time.monotonic(), 0
        while self._postmaster.lives():
            if self._postmaster.ready(self._folder.cluster) and self._answers():
                return True
            waited = time.monotonic() - since
            if waited > (said + 1) * SAY_EVERY_S:
                said += 1
                self._say(
                    f"The record is not ready yet ({waited:.0f} s): after a crash it first "
                    "reads its own log again. This is waited for as long as it takes."
                )
            time.sleep(LOOK_EVERY_S)
        return False

    def _answers(self) -> bool:
        """Whether a login succeeds; both sides prove that they know the password (SCRAM)."""
        try:
            with psycopg.connect(self._login(), autocommit=True) as connection:
                place = connection.execute("SHOW data_directory").fetchone()
        except psycopg.OperationalError as error:
            if "authentication failed" in str(error):
                raise CannotStart(
                    f"The server on port {self._port} does not accept the password kept in "
                    f"{self._folder.path / 'password'}: restore that file from the backup."
                ) from None
            return False
        return place is not None and Path(place[0]).samefile(self._folder.cluster)

    def _login(self) -> str:
        return make_conninfo(
            host="127.0.0.1", port=self._port, connect_timeout=10,
            user=cluster.USER, dbname=cluster.USER, password=self._folder.password(),
        )  # fmt: skip

    def _url(self) -> str:
        user, word = cluster.USER, self._folder.password()
        return f"postgresql+psycopg://{user}:{word}@127.0.0.1:{self._port}/{user}"

    def _outwait_orphans(self, waited: float) -> None:
        if waited > ORPHANS_GIVEN_UP_S:
            raise CannotStart(
                "Processes of the record's former server do not end: look for processes named "
                f"postgres that work in {self._folder.cluster}, or restart the machine."
            )
        if waited > ORPHANS_END_BY_THEMSELVES_S and end_orphans(self._folder.cluster):
            self._say("Processes of the record's former server were still busy: they are ended.")
        time.sleep(5 * LOOK_EVERY_S)

    def _end(self) -> None:
        if self._postmaster is None:
            return
        self._postmaster.ask_to_stop()
        since, said = time.monotonic(), 0
        while self._postmaster.lives():
            waited = time.monotonic() - since
            if waited > (said + 1) * SAY_EVERY_S:
                said += 1
                self._say("The record's server is still writing; its end is waited for.")
            if waited > STOP_PATIENCE_S:
                self._postmaster.end_at_once()
            time.sleep(LOOK_EVERY_S)
        self._postmaster = None

    def _stopping(self) -> bool:
        return self._postmaster is not None and self._postmaster.stopping(self._folder.cluster)

    # -- its log, its reasons

    def _log_size(self) -> int:
        return self._folder.log.stat().st_size if self._folder.log.exists() else 0

    def _bound_log(self) -> None:
        """Keep the log and one predecessor; the server appends, so it may be cut under it."""
        if self._log_size() > LOG_BYTES:
            try:
                shutil.copyfile(self._folder.log, self._folder.log.with_suffix(".log.1"))
            except OSError:
                self._say("The older part of the server's log could not be kept: is the disk full?")
            with self._folder.log.open("r+b") as file:
                file.truncate(0)

    def _words(self) -> str:
        """What the server has said since its launch, the end of it."""
        if not self._folder.log.exists():
            return ""
        with self._folder.log.open("rb") as file:
            file.seek(max(self._log_from, self._log_size() - WORDS_BYTES))
            return file.read().decode("utf-8", errors="replace")

    def _why(self, words: str) -> str:
        folder, port = self._folder, self._port or 0
        return last_words.sentence(words, folder=folder.path, port=port, free=folder.free())

    def _about(self, error: OSError) -> str:
        """A refusal of the operating system, as a sentence."""
        return self._why(f"FATAL: {error.filename or ''} {error.strerror or error}")
