"""What each panel says of what is known, and of what is not."""

import pytest
from msgspec.structs import replace

from dslsconsole.model.balancer import ServerState
from dslsconsole.model.frames import Alerts, Frame, Full, Verdicts
from dslsconsole.model.node import Quorum, Role
from dslsconsole.model.picture import Picture
from dslsconsole.model.reading import Failure, FailureKind, Reading
from dslsconsole.model.snapshot import key
from dslsconsole.model.verdict import Alert, Health, Severity
from dslsconsole.tui import scenes
from dslsconsole.tui.actions import offered
from dslsconsole.tui.render.alerts import alerts, alerts_within
from dslsconsole.tui.render.balancers import balancers
from dslsconsole.tui.render.cells import Row, Sheet, Tone, laid_out, row_lines, wanted_widths
from dslsconsole.tui.render.dr import dr
from dslsconsole.tui.render.footer import Key, footer
from dslsconsole.tui.render.header import Operating, Standing, header, sentence
from dslsconsole.tui.render.nodes import nodes
from dslsconsole.tui.render.pools import pools
from dslsconsole.tui.render.view import View

NOW = scenes.NOON + 1


def picture(frames: list[Frame]) -> Picture:
    result = Picture()
    for frame in frames:
        result = result.apply(frame)
    return result


def view(frames: list[Frame] | None = None, now: float = NOW, *, detail: bool = False) -> View:
    return View(scenes.shape(), picture(frames or scenes.healthy()), now, detail)


def row(sheet: Sheet, key: str) -> Row:
    return next(row for row in sheet.rows if row.key == key)


def texts(sheet: Sheet, key: str) -> list[str]:
    return [cell.text for cell in row(sheet, key).cells]


def everything(sheet: Sheet) -> str:
    return "\n".join(" ".join(cell.text for cell in row.cells) for row in sheet.rows)


def lines(sheet: Sheet, width: int) -> list[str]:
    """All that a panel of this width would draw, without its frame."""
    layout = laid_out(sheet.columns, wanted_widths(sheet.columns, sheet.rows, {}), width)
    drawn = [
        "".join(cell.text for cell in line) for r in sheet.rows for line in row_lines(r, sheet.columns, layout, width)
    ]
    return (["header"] if any(not r.spans for r in sheet.rows) else []) + drawn


def unread() -> View:
    hello = scenes.healthy()[0]
    return view([hello])


class TestNodes:
    def test_a_node_in_good_order(self) -> None:
        assert texts(nodes(view()), "dsls-primary-01")[:4] == ["●", "dsls-primary-01", "primary", "active"]

    def test_the_lag_is_what_the_primary_sees(self) -> None:
        sheet = nodes(view())
        assert texts(sheet, "dsls-backup-01")[4] == "2s"
        assert texts(sheet, "dsls-primary-01")[4] == "–"  # noqa: RUF001

    def test_a_node_that_does_not_answer_is_not_shown_as_it_was(self) -> None:
        cells = row(nodes(view(scenes.troubled())), "dsls-arbitrator-01").cells
        assert [cell.text for cell in cells[:4]] == ["✖", "dsls-arbitrator-01", "was arbitrator", "no answer"]
        assert cells[2].tone is Tone.STALE
        assert cells[5].text == "42s"

    def test_what_was_never_read_is_unknown(self) -> None:
        assert texts(nodes(unread()), "dsls-primary-01")[:4] == ["?", "dsls-primary-01", "unknown", "unknown"]

    def test_what_is_stale_is_greyed_with_its_age(self) -> None:
        cells = row(nodes(view(now=NOW + 60)), "dsls-primary-01").cells
        assert cells[2].text == "was primary"
        assert cells[3].text == "was active"
        assert cells[5].text == "61s"
        assert cells[0].text == "?"
        assert [cell.text for cell in cells[6:9]] == ["was running", "7", "212/1000"]
        assert {cell.tone for cell in cells[6:9]} == {Tone.STALE}
        assert (cells[10].text, cells[10].tone) == ("63% free", Tone.STALE)

    def test_nothing_to_tell_is_not_unknown(self) -> None:
        assert texts(nodes(view()), "dsls-arbitrator-01")[10] == "–", "an arbitrator has no storage"  # noqa: RUF001
        assert texts(nodes(unread()), "dsls-arbitrator-01")[10] == "–"  # noqa: RUF001
        assert texts(nodes(unread()), "dsls-primary-01")[4:11] == [
            "?",
            "",
            "unknown",
            "unknown",
            "unknown",
            "?",
            "unknown",
        ]
        assert texts(dr(view()), "dr-dsls-01")[2] == "–"  # noqa: RUF001

    def test_more_room_tells_why_once(self) -> None:
        told = everything(nodes(view(scenes.troubled(), detail=True)))
        assert told.count("no answer within 4 s") == 1

    def test_a_stopped_node_has_no_role(self) -> None:
        readings = scenes.node("dsls-backup-01", scenes.NOON)
        assert readings.service.value is not None
        service = replace(readings.service, value=replace(readings.service.value, active="inactive"))
        stopped = replace(readings, service=service, cluster=Reading(), status=Reading())
        shown = view([*scenes.healthy(), scenes.tick(scenes.NOON + 1, dsls_backup_01=stopped)])
        # The frame carries only sections that were tried; the role read before is a second old and still current.
        assert texts(nodes(shown), "dsls-backup-01")[3] == "inactive"
        assert texts(nodes(shown), "dsls-backup-01")[0] == "✖"

    def test_of_two_sites_one_is_meant_to_rest(self) -> None:
        hello, full = scenes.healthy()
        assert isinstance(full, Full)
        readings = scenes.node("dsls-backup-01", scenes.NOON)
        assert readings.service.value is not None
        service = replace(readings.service, value=replace(readings.service.value, active="inactive"))
        rests = {**full.snapshot.nodes, key(scenes.CLUSTER, "dsls-backup-01"): replace(readings, service=service)}
        moved = replace(scenes.verdict(), dr_active=True)
        shown = view([hello, replace(full, snapshot=replace(full.snapshot, nodes=rests), verdicts=(moved,))])
        assert texts(nodes(shown), "dsls-backup-01")[0] not in ("✖", "▲", "?")
        assert texts(dr(shown), "dr-dsls-01")[0] == "✖", "the site that serves is not meant to rest"


class TestPools:
    def test_levels_and_queue(self) -> None:
        sheet = pools(view())
        assert texts(sheet, "commercial")[1:6] == ["commercial", "███████▌░░", "71%", "288", "0"]
        assert texts(sheet, "academic")[0] == "●"

    def test_the_colour_of_a_pool_is_that_of_its_alert(self) -> None:
        assert texts(pools(view(scenes.troubled())), "academic")[0] == "▲"
        quiet = [*scenes.troubled(), Alerts(scenes.NOON, ())]
        assert texts(pools(view(quiet)), "academic")[0] == "●", (
            "96 % is no warning where the site's threshold is higher"
        )

    def test_two_readings_of_two_moments_are_not_called_a_difference(self) -> None:
        readings = scenes.node("dsls-backup-01", scenes.NOON + 1)
        old = replace(readings, tokens=replace(readings.tokens, value=scenes.token_state(generation=48200)))
        later = [*scenes.healthy(), scenes.tick(scenes.NOON + 1, dsls_backup_01=old)]
        assert everything(pools(view(later))) == everything(pools(view()))
        assert "sync: dsls-backup-01 follows" in everything(pools(view()))
        assert "follows: generation 48200, dsls-primary-01 48211" in everything(pools(view(later, detail=True)))

    def test_while_nobody_serves_no_number_is_called_well(self) -> None:
        sheet = pools(view(scenes.primary_lost()))
        assert sheet.title == "Token pools · dsls-backup-01"
        assert sheet.tone is Tone.UNKNOWN
        assert texts(sheet, "commercial")[0] == "?"
        assert row(sheet, "commercial").cells[3].tone is Tone.STALE
        assert "▲ no licences are served: as dsls-backup-01 counts them" in everything(sheet)

    def test_numbers_of_another_than_the_primary_say_whose_they_are(self) -> None:
        unknown = replace(scenes.verdict(health=Health.UNKNOWN), serving=None, primary=None, primaries=())
        sheet = pools(view([*scenes.healthy(), Verdicts(scenes.NOON, (unknown,))]))
        assert "? from dsls-primary-01, which is not known to serve" in everything(sheet)
        assert texts(sheet, "commercial")[0] == "?"

    def test_behind_is_a_warning_when_the_rules_say_so(self) -> None:
        readings = scenes.node("dsls-backup-01", scenes.NOON + 1)
        old = replace(readings, tokens=replace(readings.tokens, value=scenes.token_state(generation=48200)))
        alert = Alert("sync_lag", Severity.WARNING, scenes.CLUSTER, "dsls-backup-01", "90 s behind", scenes.NOON)
        frames = [
            *scenes.healthy(),
            scenes.tick(scenes.NOON + 1, dsls_backup_01=old),
            Alerts(scenes.NOON + 1, (alert,)),
        ]
        assert "▲ sync: dsls-backup-01 11 generations behind" in everything(pools(view(frames)))

    def test_a_stopped_server_is_not_called_unknown(self) -> None:
        readings = scenes.node("dsls-backup-01", scenes.NOON + 1)
        assert readings.service.value is not None
        service = replace(readings.service, value=replace(readings.service.value, active="inactive"))
        gone = replace(readings.tokens, failure=Failure(FailureKind.ABSENT, "its licence server does not run"))
        frames = [
            *scenes.healthy(),
            scenes.tick(scenes.NOON + 1, dsls_backup_01=replace(readings, service=service, tokens=gone)),
        ]
        assert "sync: dsls-backup-01 does not run" in everything(pools(view(frames)))

    def test_never_read_is_unknown_and_not_empty(self) -> None:
        sheet = pools(unread())
        assert sheet.rows == ()
        assert sheet.empty.startswith("unknown:")

    def test_stale_levels_are_greyed_and_say_from_when(self) -> None:
        sheet = pools(view(now=NOW + 60))
        assert row(sheet, "commercial").cells[3].tone is Tone.STALE
        assert "last known, from dsls-primary-01, 61s ago" in everything(sheet)
        assert sheet.title == "Token pools · dsls-primary-01 61s ago"


class TestBalancers:
    def test_the_holder_of_the_address_is_in_the_title(self) -> None:
        assert balancers(view()).title == "HAProxy · address on haproxy-01"

    def test_disagreement_has_a_glyph_and_a_word(self) -> None:
        cells = texts(balancers(view(scenes.troubled())), "dsls-backup")
        assert cells[0] == "▲"
        assert cells[-1] == "▲ differ"

    def test_agreement_says_nothing(self) -> None:
        assert texts(balancers(view()), "dsls-primary")[-1] == ""

    def test_which_process_answered_which_way(self) -> None:
        assert texts(balancers(view()), "via")[2:4] == ["socket pid 812", "page pid 799"]

    def test_a_load_balancer_that_does_not_answer_costs_its_own_column(self) -> None:
        gone = Failure(FailureKind.REFUSED, "haproxy-02: connection refused")
        lost = replace(scenes.balancer("haproxy-02", scenes.NOON), backend=Reading(failure=gone, tried_at=scenes.NOON))
        frames = scenes.healthy()
        assert isinstance(frames[1], Full)
        snapshot = frames[1].snapshot
        balancers_now = snapshot.balancers | {key(scenes.CLUSTER, "haproxy-02"): lost}
        sheet = balancers(view([frames[0], replace(frames[1], snapshot=replace(snapshot, balancers=balancers_now))]))
        assert texts(sheet, "dsls-primary")[2:] == ["UP w100 212 sess", "refused", ""]
        assert texts(sheet, "dsls-primary")[0] == "?"

    def test_an_address_nobody_can_tell_of_is_unknown(self) -> None:
        assert balancers(unread()).title == "HAProxy · ? address unknown"

    def test_an_address_on_both_is_said_loudly(self) -> None:
        frames = scenes.healthy()
        assert isinstance(frames[1], Full)
        second = replace(
            scenes.balancer("haproxy-02", scenes.NOON),
            addresses=Reading((scenes.VIP,), scenes.NOON, "probe", None, scenes.NOON),
        )
        snapshot = frames[1].snapshot
        both = replace(snapshot, balancers=snapshot.balancers | {key(scenes.CLUSTER, "haproxy-02"): second})
        sheet = balancers(view([frames[0], replace(frames[1], snapshot=both)]))
        assert sheet.title == "HAProxy · ✖ address on haproxy-01 and haproxy-02"
        assert sheet.tone is Tone.CRITICAL

    def test_a_server_whose_checks_fail_is_not_called_well(self) -> None:
        frames = scenes.healthy()
        assert isinstance(frames[1], Full)
        balancer = scenes.balancer("haproxy-01", scenes.NOON)
        assert balancer.backend.value is not None
        first, second = balancer.backend.value.servers
        failing = replace(balancer.backend.value, servers=(replace(first, status="UP 1/3", detail="1/3"), second))
        changed = replace(balancer, backend=replace(balancer.backend, value=failing))
        balancers_now = frames[1].snapshot.balancers | {key(scenes.CLUSTER, "haproxy-01"): changed}
        full = replace(frames[1], snapshot=replace(frames[1].snapshot, balancers=balancers_now))
        assert texts(balancers(view([frames[0], full])), "dsls-primary")[:3] == [
            "▲",
            "dsls-primary",
            "UP 1/3 w100 212 sess",
        ]

    def test_every_state_has_its_tone(self) -> None:
        for state in ServerState:
            frames = scenes.healthy()
            assert isinstance(frames[1], Full)
            changed = {
                key(scenes.CLUSTER, lb): scenes.balancer(lb, scenes.NOON, state) for lb in ("haproxy-01", "haproxy-02")
            }
            snapshot = replace(frames[1].snapshot, balancers=changed)
            glyph = texts(balancers(view([frames[0], replace(frames[1], snapshot=snapshot)])), "dsls-backup")[0]
            assert (glyph == "●") == (state is ServerState.UP)


class TestDr:
    def test_standby_site_and_how_far_behind(self) -> None:
        sheet = dr(view())
        assert sheet.title == "DR sync · campus-backup · standby"
        assert "last sync 11:57:01Z" in everything(sheet)
        assert "dsls.company.com → 10.20.0.100 (main site)" in everything(sheet)

    def test_a_copy_that_is_on_time_does_not_tick(self) -> None:
        later = view([*scenes.healthy(), scenes.tick(scenes.NOON + 31)], now=NOW + 31)
        assert dr(later) == dr(view())

    def test_alone_it_says_what_an_activation_now_would_lose(self) -> None:
        sheet = dr(view(detail=True))
        assert "activated now loses 21 token changes since 11:57:01Z" in everything(sheet)
        assert "activated now" not in everything(dr(view()))

    def test_a_late_copy_says_how_old_it_is_and_how_much_would_be_lost(self) -> None:
        now = scenes.NOON + 901
        sheet = dr(view([*scenes.healthy(), scenes.tick(now)], now=now))
        assert "▲ last sync 11:57:01Z, 18m ago · 21 generations behind" in everything(sheet)
        assert texts(sheet, "dr-dsls-01")[5] == "18m"

    def test_unknown_is_in_the_title(self) -> None:
        assert dr(unread()).title == "DR sync · campus-backup · unknown"

    def test_an_unread_record_is_unknown(self) -> None:
        assert "? dsls.company.com: unknown" in everything(dr(unread()))

    def test_a_site_that_serves_is_said(self) -> None:
        serving = replace(scenes.verdict(), dr_active=True, primary="dr-dsls-01")
        frames = scenes.healthy()
        assert isinstance(frames[1], Full)
        sheet = dr(view([frames[0], replace(frames[1], verdicts=(serving,))]))
        assert sheet.title.endswith("ACTIVE")


class TestAlerts:
    def test_worst_first_with_glyph_and_word(self) -> None:
        sheet = alerts(view(scenes.troubled()))
        assert sheet.title == "Alerts · 3"
        assert [r.cells[0].text + r.cells[1].text for r in sheet.rows] == ["✖critical", "▲warning", "▲warning"]

    def test_with_room_also_why_and_what_to_do(self) -> None:
        told = everything(alerts(view(scenes.troubled(), detail=True)))
        assert "✖ dsls-arbitrator-01 does not answer · critical since 11:59:24Z" in told
        assert "no answer within 4 s" in told
        assert "→ Look at the host's console" in told

    def test_with_little_room_every_summary_is_whole_and_the_worst_tells_most(self) -> None:
        shown = view(scenes.troubled())

        def drawn(room: int) -> list[str]:
            sheet = alerts_within(shown, lambda sheet: len(lines(sheet, 50)) <= room)
            return lines(sheet, 50)

        told = drawn(7)
        assert len(told) <= 7
        assert not any("…" in line for line in told), "a summary is cut above empty lines"
        assert "disagree about" in " ".join(told)
        told = drawn(10)
        assert any(line.lstrip().startswith("→ Look at the host's") for line in told)
        assert len(drawn(40)) == len(lines(alerts(view(scenes.troubled(), detail=True)), 50))

    def test_without_room_for_all_the_worst_is_whole(self) -> None:
        sheet = alerts_within(view(scenes.troubled()), lambda sheet: len(lines(sheet, 30)) <= 5)
        assert sheet.rows[0].spans
        assert not sheet.rows[-1].spans

    def test_alerts_that_are_no_longer_about_now_are_greyed_with_their_age(self) -> None:
        sheet = alerts(view(scenes.troubled(), now=NOW + 60))
        assert sheet.title == "Alerts · 3 · 61s ago"
        assert {cell.tone for cell in sheet.rows[0].cells[1:3]} == {Tone.STALE}
        assert "nothing was read since" in alerts(view(now=NOW + 60)).empty

    def test_no_alert_before_the_first_round_is_not_good_news(self) -> None:
        assert alerts(unread()).empty.startswith("unknown")
        assert alerts(view()).empty == "no alert"


class TestHeader:
    def line(self, shown: View, width: int, standing: Standing | None = None) -> str:
        return "".join(cell.text for cell in header(shown, standing or Standing(), width))

    def test_what_a_wide_line_says(self) -> None:
        line = self.line(view(scenes.troubled()), 120)
        for part in (
            "production-cluster",
            "✖ CRITICAL 1",
            "primary dsls-primary-01 ep 7",
            "▲ quorum 2/3",
            "read-only",
            "12:00:05Z",
        ):
            assert part in line

    def test_at_80_columns_all_questions_still_have_their_answer(self) -> None:
        line = self.line(view(scenes.troubled()), 80)
        assert len(line) == 80
        for part in ("✖ CRITICAL 1", "dsls-primary-01", "▲ q 2/3", "read-only", "12:00:05Z"):
            assert part in line

    def test_armed_is_never_left_out(self) -> None:
        assert "▲ ARMED 7 min" in self.line(view(scenes.troubled()), 80, Standing(read_only=False, armed_minutes=7))

    def test_lost_quorum_is_never_left_out(self) -> None:
        frames = scenes.troubled()
        lost = replace(scenes.verdict(health=Health.CRITICAL), quorum=Quorum(False, 1, 3, 2))
        line = self.line(
            view([*frames, Verdicts(scenes.NOON, (lost,))]), 80, Standing(read_only=False, armed_minutes=10)
        )
        assert "✖ no quorum" in line
        assert "▲ ARMED 10 min" in line

    def test_an_operation_that_did_not_end_is_said(self) -> None:
        for running, told in (
            (True, "▶ failover running, step 3 of 14"),
            (False, "▲ failover cut off at step 3"),
            (None, "▲ failover not ended, step 3 of 14"),
        ):
            line = self.line(view(), 160, Standing(operation=Operating("failover", 3, 14, running)))
            assert told in line
            assert "read-only" in line

    @pytest.mark.parametrize("width", [80, 120, 200])
    def test_armed_is_seen_while_something_runs(self, width: int) -> None:
        operating = Operating("failover", 3, 14, True)
        standing = Standing(read_only=False, armed_minutes=7, operation=operating)
        line = self.line(view(scenes.troubled()), width, standing)
        assert "ARMED 7" in line
        assert "3/14" in line or "step 3 of 14" in line

    def test_silence_is_not_ok(self) -> None:
        late = view(now=NOW + 60)
        assert "? UNKNOWN" in self.line(late, 120)
        assert "primary was dsls-primary-01 61s ago  quorum was 3/3" in self.line(late, 120)
        assert "OK" not in self.line(late, 120)
        assert "no reading since 12:00:05Z" in "".join(cell.text for cell in sentence(late, None, 120))

    def test_what_is_critical_is_counted_even_where_health_is_not_known(self) -> None:
        unknown = Verdicts(scenes.NOON, (scenes.verdict(health=Health.UNKNOWN),))
        assert "? UNKNOWN · ✖ 1 ▲ 2" in self.line(view([*scenes.troubled(), unknown]), 140)
        assert "? UNKNOWN · was ✖ 1 ▲ 2" in self.line(view(scenes.troubled(), now=NOW + 60), 140)

    def test_trouble_of_our_own_goes_before_the_verdict(self) -> None:
        line = "".join(cell.text for cell in sentence(view(), "the reading process stopped", 80))
        assert "✖ the reading process stopped" in line


class TestFooter:
    def test_help_and_quit_stay_when_there_is_no_room(self) -> None:
        line, _ = footer([Key(one, True) for one in offered(read_only=False)], 30)
        text = "".join(cell.text for cell in line)
        assert "? help" in text
        assert "q quit" in text

    def test_the_mouse_finds_the_keys_where_they_stand(self) -> None:
        line, places = footer([Key(one, True) for one in offered(read_only=False)], 200)
        text = "".join(cell.text for cell in line)
        found = {place.action: text[place.start : place.end] for place in places}
        assert found["failover"] == "F failover"
        assert found["quit"] == "q quit"


def test_a_hostile_name_is_shown_and_not_obeyed() -> None:
    readings = scenes.node("dsls-backup-01", scenes.NOON + 1)
    assert readings.cluster.value is not None
    evil = replace(
        readings.cluster, value=replace(readings.cluster.value, state="\x1b]0;[red]x[/]\x07", role=Role.BACKUP)
    )
    shown = view([*scenes.healthy(), scenes.tick(scenes.NOON + 1, dsls_backup_01=replace(readings, cluster=evil))])
    sheet = nodes(shown)
    layout = laid_out(sheet.columns, wanted_widths(sheet.columns, sheet.rows, {}), 150)
    line = "".join(cell.text for cell in row_lines(row(sheet, "dsls-backup-01"), sheet.columns, layout, 150)[0])
    assert "\x1b" not in line
    assert "␛]0;[r" in line
