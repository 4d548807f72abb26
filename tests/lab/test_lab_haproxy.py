"""HAProxy's checks, its runtime socket and its page, against what the real one was seen to answer."""

import csv
import io
import re

import pytest

from dslsconsole.lab.streams import Buffer
from dslsconsole.lab.world.haproxy.page import MOST_FORM_BYTES
from dslsconsole.lab.world.haproxy.process import Process
from dslsconsole.lab.world.haproxy.runtime import Runtime
from dslsconsole.lab.world.haproxy.statistics import COLUMNS, page, show_info, show_servers_state, show_stat
from tests.lab.lab_estate import BACKUP, PRIMARY, Estate

DISABLE = "set server dsls_servers/dsls-primary state maint"


def process(estate: Estate, name: str = "haproxy-01") -> Process:
    return estate.world.balancers[name].process


def runtime(estate: Estate, name: str = "haproxy-01") -> Runtime:
    return estate.world.balancers[name].runtime


def status(estate: Estate, server: str = "dsls-primary", name: str = "haproxy-01") -> str:
    return process(estate, name).servers[server].status


def rows(estate: Estate, name: str = "haproxy-01") -> dict[str, dict[str, str]]:
    table = csv.DictReader(io.StringIO(show_stat(process(estate, name)).removeprefix("# ")))
    return {row["svname"]: row for row in table}


def test_the_table_has_the_columns_of_haproxy_in_their_order(estate: Estate) -> None:
    header = show_stat(process(estate)).splitlines()[0]
    assert header.startswith("# pxname,svname,qcur,qmax,scur,smax,slim,stot,")
    assert header.endswith(",h1_spliced_bytes_in,h1_spliced_bytes_out,")
    assert COLUMNS[103] == "-"  # ends the part that never changes
    assert {line.count(",") for line in show_stat(process(estate)).splitlines()} == {len(COLUMNS)}


def test_the_page_tells_people_which_process_it_is(estate: Estate) -> None:
    told = page(process(estate))
    assert f"<b>pid = </b> {process(estate).pid} (" in told
    assert re.search(r"<b>uptime = </b> \d+d \d{2}h\d{2}m\d{2}s<br>", told)
    assert "<td>dsls-primary</td><td>UP</td>" in told


def test_in_the_morning_both_are_up_and_the_primary_has_the_sessions(estate: Estate) -> None:
    table = rows(estate)
    assert (table["dsls-primary"]["status"], table["dsls-primary"]["check_status"]) == ("UP", "L7OK")
    assert int(table["dsls-primary"]["scur"]) == estate.world.servers.by_name[PRIMARY].connections > 100
    assert (table["BACKEND"]["act"], table["BACKEND"]["bck"]) == ("1", "1")
    assert table["dsls-backup"]["scur"] == "0"


def test_a_killed_server_goes_down_life_by_life(estate: Estate) -> None:
    estate.world.units[PRIMARY].kill(estate.world.nodes[PRIMARY].unit)
    seen = []
    for _ in range(16):
        estate.pass_time(0.5)
        seen.append(status(estate))
    assert list(dict.fromkeys(seen)) in (["UP", "UP 2/3", "UP 1/3", "DOWN"], ["UP 2/3", "UP 1/3", "DOWN"])
    assert rows(estate)["dsls-primary"]["check_status"] == "L4CON"
    assert rows(estate)["dsls-primary"]["last_chk"] == "Connection refused"
    assert (rows(estate)["BACKEND"]["status"], rows(estate)["BACKEND"]["act"]) == ("UP", "0")


def test_a_server_that_answers_again_comes_up_after_two_good_checks(estate: Estate) -> None:
    estate.world.units[BACKUP].kill(estate.world.nodes[BACKUP].unit)
    estate.until(lambda: status(estate, "dsls-backup") == "DOWN")
    estate.start(BACKUP)
    seen = []
    for _ in range(20):
        estate.pass_time(0.5)
        seen.append(status(estate, "dsls-backup"))
    assert list(dict.fromkeys(seen)) == ["DOWN", "DOWN 1/2", "UP"]


def test_silence_takes_longer_to_notice_and_shows_a_check_that_runs(estate: Estate) -> None:
    began = estate.now
    estate.world.hosts[PRIMARY].freeze()
    seen = set()
    while status(estate) != "DOWN":
        estate.pass_time(0.5)
        seen.add(rows(estate)["dsls-primary"]["check_status"])
        assert estate.now - began < 15
    assert estate.now - began >= 8
    assert "* L4TOUT" in seen


def test_a_hung_daemon_is_a_timeout_of_layer_seven(estate: Estate) -> None:
    estate.world.servers.by_name[PRIMARY].is_hung = True
    estate.until(lambda: status(estate) == "DOWN")
    assert rows(estate)["dsls-primary"]["check_status"].endswith("L7TOUT")


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (DISABLE, ""),
        (
            "set server dsls_servers/dsls-primary state bogus",
            "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n",
        ),
        ("set server dsls_servers/nosuch state maint", "No such server.\n"),
        ("set server nosuch/dsls-primary state maint", "No such backend.\n"),
        ("set server dsls_servers state maint", "Require 'backend/server'.\n"),
        ("disable server dsls_servers/nosuch", "No such server.\n"),
        (
            "set server dsls_servers/dsls-primary weight 300",
            "Absolute weight can only be between 0 and 256 inclusive.\n",
        ),
        ("get weight dsls_servers/dsls-backup", "50 (initial 50)\n"),
        ("shutdown sessions server dsls_servers/nosuch", "No such server.\n"),
        ("show servers state nosuch", "Can't find backend.\n"),
        ("show cli level", "admin\n"),
        ("show backend", "# name\ndsls_servers\n"),
    ],
)
def test_the_socket_answers_as_haproxy_does(estate: Estate, command: str, answer: str) -> None:
    assert runtime(estate).answer(command) == answer


def test_a_socket_without_admin_level_changes_nothing(estate: Estate) -> None:
    assert runtime(estate, "haproxy-02").answer("show cli level") == "operator\n"
    assert runtime(estate, "haproxy-02").answer(DISABLE) == "Permission denied\n"
    assert runtime(estate, "haproxy-02").answer("show stat").startswith("# pxname,")
    assert status(estate, name="haproxy-02") == "UP"


async def test_several_commands_in_a_line_are_answered_each_with_an_empty_line(estate: Estate) -> None:
    said = Buffer()
    await runtime(estate).serve(Buffer(f"{DISABLE};show cli level\n".encode()), said)
    assert said.getvalue() == b"\nadmin\n\n"


def test_maintenance_is_at_once_and_ready_is_up_with_no_check_passed(estate: Estate) -> None:
    runtime(estate).answer(DISABLE)
    assert (status(estate), rows(estate)["dsls-primary"]["check_status"]) == ("MAINT", "")
    runtime(estate).answer("set server dsls_servers/dsls-primary state ready")
    assert status(estate) == "UP 1/3"
    estate.until(lambda: status(estate) == "UP", within=8)


def test_sessions_survive_maintenance_until_they_are_shut_down(estate: Estate) -> None:
    before = process(estate).servers["dsls-primary"].sessions
    runtime(estate).answer(DISABLE)
    estate.pass_time(1)
    assert process(estate).servers["dsls-primary"].sessions > before - 10
    runtime(estate).answer("shutdown sessions server dsls_servers/dsls-primary")
    assert process(estate).servers["dsls-primary"].sessions == 0


def test_drain_keeps_checks_going(estate: Estate) -> None:
    runtime(estate).answer("set server dsls_servers/dsls-primary state drain")
    assert status(estate) == "DRAIN"
    assert rows(estate)["dsls-primary"]["check_status"] == "L7OK"
    assert show_servers_state(process(estate)).splitlines()[2].split()[6] == "8"


def test_a_reload_forgets_what_was_set_and_has_another_pid(estate: Estate) -> None:
    runtime(estate).answer(DISABLE)
    runtime(estate).answer("set server dsls_servers/dsls-backup weight 7")
    before = process(estate).pid
    process(estate).load()
    assert (status(estate), process(estate).servers["dsls-backup"].weight) == ("UP", 50)
    assert process(estate).pid != before
    assert "Uptime_sec: 0\n" in show_info(process(estate))


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ("action=disable&b=dsls_servers&s=dsls-primary", "DONE"),
        ("s=dsls-primary&action=maint&b=%232", "DONE"),
        ("s=dsls-primary&s=dsls-backup&action=maint&b=dsls_servers", "DONE"),
        ("action=enable&b=dsls_servers&s=dsls-primary", "NONE"),
        ("s=dsls-primary&s=nosuch&action=maint&b=dsls_servers", "PART"),
        ("s=nosuch&action=ready&b=dsls_servers", "ERRP"),
        ("s=dsls-primary&action=ready&b=nosuch", "ERRP"),
        ("s=dsls-primary&action=bogus&b=dsls_servers", "ERRP"),
        ("s=%231&action=maint&b=dsls_servers", "ERRP"),
        ("b=dsls_servers&s=dsls-primary", "NONE"),
        ("b=dsls_servers&action=maint", "NONE"),
        ("", "NONE"),
        ("s=" + "x" * MOST_FORM_BYTES, "EXCD"),
    ],
)
def test_the_form_answers_as_haproxy_does(estate: Estate, form: str, code: str) -> None:
    page = estate.world.balancers["haproxy-02"].page
    assert page is not None
    assert page.post(form.encode()) == code


def test_the_address_moves_when_haproxy_dies_and_comes_back(estate: Estate) -> None:
    def holders() -> list[str]:
        return [name for name, item in estate.world.truth()["load_balancers"].items() if item["holds_vip"]]

    assert holders() == ["haproxy-01", "dr-haproxy-01"]
    unit = estate.world.units["haproxy-01"].units["haproxy.service"]
    estate.world.units["haproxy-01"].kill(unit)
    estate.until(lambda: holders()[0] == "haproxy-02", within=5)
    estate.world.units["haproxy-01"].start(unit)
    estate.until(lambda: holders()[0] == "haproxy-01", within=5)


def test_load_balancers_that_do_not_hear_each_other_both_hold_the_address(estate: Estate) -> None:
    estate.world.network.cut("haproxy-01", "haproxy-02")
    estate.pass_time(2)
    truth = estate.world.truth()["load_balancers"]
    assert truth["haproxy-01"]["holds_vip"]
    assert truth["haproxy-02"]["holds_vip"]


def test_clients_are_sent_to_an_unpromoted_backup_and_refused_there(estate: Estate) -> None:
    estate.stop(PRIMARY)
    estate.until(lambda: status(estate) == "DOWN")
    before = estate.world.users.failed_checkouts
    estate.pass_time(60)
    assert estate.world.users.failed_checkouts > before
    estate.text(BACKUP, "-promote-to-primary", "-node", BACKUP)
    estate.pass_time(10)
    assert process(estate).servers["dsls-backup"].sessions > 100
