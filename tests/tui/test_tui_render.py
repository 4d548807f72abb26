"""What each panel says of what is known, and of what is not."""

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
from dslsconsole.tui.render.alerts import alerts
from dslsconsole.tui.render.balancers import balancers
from dslsconsole.tui.render.cells import Row, Sheet, Tone, laid_out, row_lines, wanted_widths
from dslsconsole.tui.render.dr import dr
from dslsconsole.tui.render.footer import Key, footer
from dslsconsole.tui.render.header import Standing, header, sentence
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


class TestPools:
    def test_levels_and_queue(self) -> None:
        sheet = pools(view())
        assert texts(sheet, "commercial")[1:6] == ["commercial", "███████▌░░", "71%", "288", "0"]
        assert texts(sheet, "academic")[0] == "▲"

    def test_the_others_hold_the_same_state(self) -> None:
        assert "dsls-backup-01 at same generation" in everything(pools(view()))

    def test_a_server_behind_is_named_with_how_far(self) -> None:
        readings = scenes.node("dsls-backup-01", scenes.NOON + 1)
        old = replace(readings, tokens=replace(readings.tokens, value=scenes.token_state(generation=48200)))
        sheet = pools(view([*scenes.healthy(), scenes.tick(scenes.NOON + 1, dsls_backup_01=old)]))
        assert "\nsync: dsls-backup-01 11 generations behind" in everything(sheet)

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
        assert "last sync 11:57:01Z, 3m ago · 21 generations behind" in everything(sheet)
        assert "dsls.example.edu. → 10.20.0.100 (main site)" in everything(sheet)

    def test_unknown_is_in_the_title(self) -> None:
        assert dr(unread()).title == "DR sync · campus-backup · unknown"

    def test_an_unread_record_is_unknown(self) -> None:
        assert "? dsls.example.edu.: unknown" in everything(dr(unread()))

    def test_a_site_that_serves_is_said(self) -> None:
        serving = replace(scenes.verdict(), dr_active=True, primary="dr-dsls-01")
        frames = scenes.healthy()
        assert isinstance(frames[1], Full)
        sheet = dr(view([frames[0], replace(frames[1], verdicts=(serving,))]))
        assert sheet.title.endswith("ACTIVE")


class TestAlerts:
    def test_worst_first_with_glyph_and_word(self) -> None:
        sheet = alerts(view(scenes.troubled()))
        assert sheet.title == "Alerts · 2"
        assert [r.cells[0].text + r.cells[1].text for r in sheet.rows] == ["✖critical", "▲warning"]

    def test_with_room_also_why_and_what_to_do(self) -> None:
        told = everything(alerts(view(scenes.troubled(), detail=True)))
        assert "✖ critical since 11:59:24Z · dsls-arbitrator-01: does not answer" in told
        assert "ssh: no answer within 4 s" in told
        assert "→ look at its console" in told

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
        assert "▶ failover not ended" in self.line(view(), 120, Standing(unfinished="failover"))

    def test_silence_is_not_ok(self) -> None:
        late = view(now=NOW + 60)
        assert "? UNKNOWN" in self.line(late, 120)
        assert "OK" not in self.line(late, 120)
        assert "no reading since 12:00:05Z" in "".join(cell.text for cell in sentence(late, None, 120))

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
