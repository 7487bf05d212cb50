"""The harness of the benchmarks, and the pages that it writes. No test measures a speed."""

import json
import mmap

import pytest

from tests.suites.bench import __main__ as command
from tests.suites.bench import bars, page
from tests.suites.bench.__main__ import PARTS, parsed
from tests.suites.bench.report import Line, amount_at_most, at_least, share_at_most
from tests.suites.bench.requests import load, site
from tests.suites.bench.requests.libraries import Library, Request
from tests.suites.bench.requests.load import Answered
from tests.suites.bench.requests.memory import grown
from tests.suites.bench.requests.served import Rate, Server, line
from tests.suites.bench.requests.whole import CASES, KINDS
from tests.suites.bench.tokens import core
from tests.suites.bench.turns import Pace, Race, calls_in_a_turn, rounds_of

JWK_SET = Request("GET", "/token/.well-known/jwks.json")
"""A request that is answered without a database."""
LOW_PAIRS = Race(ours=(1.0, 2.0, 2.0), theirs=(10.0, 4.0, 4.0))
LOW_BEST = Race(ours=(1.0, 1.0, 1.0), theirs=(2.0, 9.0, 9.0))


def rows():
    return page.rows_of(page.PAGE.read_text())


@pytest.mark.parametrize(("race", "best", "paired"), [(LOW_PAIRS, 4, 2), (LOW_BEST, 2, 9)])
def test_the_lower_ratio_is_believed(race, best, paired):
    assert (race.best, race.paired, race.ratio, race.share) == (best, paired, 2, 0.5)


def test_turns_are_of_equal_length():
    pace = Pace(rounds=1, seconds=0.003, warm_up=20)
    assert [calls_in_a_turn(lambda _count, each=each: each, pace) for each in (0.001, 0.0001, 0.1)] == [3, 30, 1]


def test_another_contestant_begins_each_round():
    order = []
    turns = [lambda _count, name=name: order.append(name) or 1.0 for name in "abc"]
    rounds_of(turns, [1, 1, 1], rounds=3)
    assert "".join(order) == "abcbcacab"


def test_a_bar_is_reached_or_missed():
    assert [at_least("", LOW_BEST, bar).within for bar in (1.9, 2.1, None)] == [True, False, None]
    assert [share_at_most("", LOW_BEST, bar, "").within for bar in (0.4, 0.6, None)] == [False, True, None]
    assert [amount_at_most("", 2.0, "KiB", limit).within for limit in (1, 3)] == [False, True]


def test_what_was_missed_is_listed():
    lines = [Line("a", "1", within=False), Line("b", "1", within=True), Line("c", "1")]
    assert list(page.missed({"section": lines})) == [lines[0]]


def test_the_best_round_counts_if_it_is_lower_on_a_server():
    pairs = [[Rate(1, 30), Rate(1, 10)], [Rate(1, 30), Rate(1, 10)], [Rate(1, 30), Rate(1, 20)]]
    assert [line("", pairs, bar).within for bar in (1.4, 1.6)] == [True, False]


def test_answers_with_errors_are_no_figure(monkeypatch):
    monkeypatch.setattr(Server, "cpu_seconds", lambda _server: 1.0)
    with pytest.raises(RuntimeError, match="3 of 10 answers"):
        Server(0, 0).rate(lambda _port, _seconds: Answered(10, 1.0, 3), 1)


def test_a_leak_is_found():
    kept = []
    assert grown("pages", 500, lambda _number: kept.append(used_memory())).within is False
    assert grown("pages", 500, lambda _number: used_memory()).within is True


def used_memory():
    """64 KiB from the system: the interpreter may have as much left from earlier tests."""
    memory = mmap.mmap(-1, 64 * 1024)
    memory.write(b"x" * 64 * 1024)
    return memory


@pytest.mark.parametrize(("found", "client"), [("/usr/bin/wrk", "wrk"), (None, "a client in Python")])
def test_without_wrk_a_client_in_python_takes_its_place(monkeypatch, capsys, found, client):
    monkeypatch.setattr(load.shutil, "which", lambda _name: found)
    name, loads = load.loads()
    assert (name, sorted(loads)) == (client, sorted(bars.SERVED))
    assert ("wrk is not installed" in capsys.readouterr().err) is (found is None)


@pytest.mark.parametrize(("given", "parts"), [([], []), (["core", "--short"], ["core"])])
def test_parts_can_be_named(monkeypatch, given, parts):
    monkeypatch.setattr("sys.argv", ["bench", *given])
    assert parsed().parts == parts


@pytest.mark.parametrize(("given", "written"), [([], 1), (["core"], 0), (["--short"], 0)])
def test_only_a_full_run_writes_the_page(monkeypatch, given, written):
    sections = []
    monkeypatch.setattr("sys.argv", ["bench", *given])
    monkeypatch.setattr(command, "what_is_missing", lambda _service: None)
    monkeypatch.setattr(command, "run", lambda _part, _short: [Line("slow", "1", within=False)])
    monkeypatch.setattr(page, "write", sections.append)
    missed = command.main()
    assert len(sections) == written
    assert (missed == 0) is ("--short" in given)


@pytest.mark.parametrize(("ci", "refused"), [("true", True), ("", False)])
def test_postgres_must_be_there_in_ci(monkeypatch, ci, refused):
    parts = []
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr("sys.argv", ["bench", "core", "whole", "--short"])
    monkeypatch.setattr(command, "what_is_missing", lambda _service: "no postgres")
    monkeypatch.setattr(command, "run", lambda part, _short: parts.append(part) or [])
    assert (command.main() != 0) is refused
    assert parts == ([] if refused else ["core"])


def test_an_unknown_part_is_refused(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bench", "cores"])
    with pytest.raises(SystemExit):
        parsed()
    assert "invalid choice" in capsys.readouterr().err


def test_the_page_has_every_part():
    assert [title for _module, title in PARTS.values() if f"**{title}**" not in rows()] == []


def test_the_page_has_the_bar_of_every_request():
    for request in bars.REQUESTS:
        for kind in KINDS:
            for database, _prepared, stated in (CASES["sqlite"], CASES["postgres"]):
                bar = bars.of_request(request, kind, database)
                assert f"| ≥ {bar:g} |" in rows()[f"{request}, {kind}, {stated}"]


def test_the_page_has_the_bars_of_the_token_layer():
    for algorithm, (raw, text, pair) in bars.TOKEN_LAYER.items():
        for what, bar in (("`AccessToken(raw)`", raw), ("`str(token)`", text), ("a pair of tokens", pair)):
            assert f"| ≥ {bar:g} |" in rows()[f"{what}, {algorithm}"]


@pytest.mark.parametrize("path", page.SHOWN, ids=lambda path: path.name)
def test_other_pages_show_lines_of_the_page(path):
    text = path.read_text()
    assert page.with_lines(text, page.SHOWN[path], rows()) == text
    assert "make bench" in text


@pytest.mark.parametrize("path", page.SHOWN, ids=lambda path: path.name)
def test_another_line_is_found(path):
    text, names = path.read_text(), page.SHOWN[path]
    row = rows()[names[0]]
    changed = text.replace(row, row.replace("≥", "≤"))
    assert changed != text
    assert page.with_lines(changed, names, rows()) == text


def test_a_page_without_the_table_is_refused():
    with pytest.raises(ValueError, match="no table"):
        page.with_lines("# oxijwt\n", [], rows())


@pytest.mark.django_db
def test_the_second_smallest_time_of_a_turn_counts(monkeypatch):
    answered = {"obtain": lambda _user: JWK_SET, "call": lambda _tokens: JWK_SET}
    moments = iter([0, 9, 10, 12, 20, 23, 30, 31])
    monkeypatch.setattr(site, "perf_counter", lambda: next(moments))
    assert site.Site(Library([], {}, list, answered)).turn("call", 4, "wall") == 2


@pytest.mark.parametrize(("factor", "within"), [(1.7, True), (1.71, False)])
def test_the_core_has_bars(factor, within):
    printed = {"algorithm": "HS256", "operation": "verify", "ours": 1, "bare": 1, "factor": factor}
    assert core.line(json.dumps(printed)).within is within


@pytest.mark.django_db
def test_a_refused_request_ends_the_run():
    nowhere = Library([], {}, list, {"call": lambda _tokens: Request("GET", "/nowhere/")})
    served = site.Site(nowhere)
    with pytest.raises(RuntimeError, match="/nowhere/: 404"):
        served.answer(served.environment("call", {}))
