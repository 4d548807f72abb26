"""`show stat`, `show info` and `show servers state`, column for column as HAProxy 2.6 prints them."""

from __future__ import annotations

import html
import time

from dslsconsole.lab.world.haproxy.process import BACKEND_ID, DESCRIPTIONS, FALL, RISE, Admin, Probe, Process, Server

_NAMES = """
    pxname svname qcur qmax scur smax slim stot bin bout dreq dresp ereq econ eresp wretr wredis status weight act
    bck chkfail chkdown lastchg downtime qlimit pid iid sid throttle lbtot tracked type rate rate_lim rate_max
    check_status check_code check_duration hrsp_1xx hrsp_2xx hrsp_3xx hrsp_4xx hrsp_5xx hrsp_other hanafail req_rate
    req_rate_max req_tot cli_abrt srv_abrt comp_in comp_out comp_byp comp_rsp lastsess last_chk last_agt qtime ctime
    rtime ttime agent_status agent_code agent_duration check_desc agent_desc check_rise check_fall check_health
    agent_rise agent_fall agent_health addr cookie mode algo conn_rate conn_rate_max conn_tot intercepted dcon dses
    wrew connect reuse cache_lookups cache_hits srv_icur src_ilim qtime_max ctime_max rtime_max ttime_max eint
    idle_conn_cur safe_conn_cur used_conn_cur need_conn_est uweight agg_server_status agg_server_check_status
    agg_check_status - ssl_sess ssl_reused_sess ssl_failed_handshake h2_headers_rcvd h2_data_rcvd h2_settings_rcvd
    h2_rst_stream_rcvd h2_goaway_rcvd h2_detected_conn_protocol_errors h2_detected_strm_protocol_errors
    h2_rst_stream_resp h2_goaway_resp h2_open_connections h2_backend_open_streams h2_total_connections
    h2_backend_total_streams h1_open_connections h1_open_streams h1_total_connections h1_total_streams h1_bytes_in
    h1_bytes_out h1_spliced_bytes_in h1_spliced_bytes_out
"""
COLUMNS = tuple(_NAMES.split())
VERSION = "2.6.12-1+deb12u4"
STATE_HEADER = (
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight"
    " srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state"
    " bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr"
    " srv_agent_addr srv_agent_port"
)
Cells = dict[str, object]


def _quoted(cell: object) -> str:
    text = str(cell)
    return '"' + text.replace('"', '""') + '"' if "," in text or '"' in text else text


def _row(cells: Cells) -> str:
    return "".join(f"{_quoted(cells.get(column, ''))}," for column in COLUMNS)


def _traffic(current: int, most: int, total: int) -> Cells:
    return {
        **dict.fromkeys(("qcur", "qmax", "dresp", "econ", "eresp", "wretr", "wredis", "rate", "rate_max"), 0),
        "scur": current,
        "smax": most,
        "stot": total,
        "lbtot": total,
        "bin": total * 120,
        "bout": total * 480,
        "mode": "tcp",
        "pid": 1,
        "-": "-",
    }


def _server_cells(process: Process, server: Server) -> Cells:
    now = process.elapsed()
    downtime = server.downtime + (now - server.down_since if server.down_since is not None else 0.0)
    cells: Cells = {
        **_traffic(server.sessions, server.most_sessions, server.total_sessions),
        "pxname": process.backend,
        "svname": server.name,
        "status": server.status,
        "weight": server.weight,
        "act": int(not server.is_backup),
        "bck": int(server.is_backup),
        "chkfail": server.fails,
        "chkdown": server.downs,
        "lastchg": int(now - server.changed_at),
        "downtime": int(downtime),
        "iid": BACKEND_ID,
        "sid": server.number,
        "type": 2,
        "lastsess": 0 if server.sessions else -1,
        "uweight": server.weight,
    }
    if server.check_status and server.probe is not None:
        last, description = DESCRIPTIONS[server.probe]
        cells |= {
            "check_status": server.check_status,
            "check_code": 0 if server.probe is Probe.PASSED else "",
            "check_duration": 1 if server.probe is Probe.PASSED else 0,
            "last_chk": last,
            "check_desc": description,
            "check_rise": RISE,
            "check_fall": FALL,
            "check_health": server.health,
        }
    return cells


def _backend_cells(process: Process) -> Cells:
    servers = process.servers.values()
    active = [server for server in servers if server.is_up and not server.is_backup]
    spare = [server for server in servers if server.is_up and server.is_backup]
    able = [s for s in active if s.takes_sessions] or [s for s in spare if s.takes_sessions]
    return {
        **_traffic(
            sum(s.sessions for s in servers),
            sum(s.most_sessions for s in servers),
            sum(s.total_sessions for s in servers),
        ),
        "pxname": process.backend,
        "svname": "BACKEND",
        "slim": 999,
        "dreq": 0,
        "status": "UP" if active or spare else "DOWN",
        "weight": sum(server.weight for server in able),
        "act": len(active),
        "bck": len(spare),
        "chkdown": 0,
        "lastchg": int(process.elapsed() - max((s.changed_at for s in servers), default=process.started)),
        "downtime": 0,
        "iid": BACKEND_ID,
        "sid": 0,
        "type": 1,
        "uweight": 100,
    }


def _frontend_cells(name: str, number: int, mode: str, sessions: int, total: int) -> Cells:
    return {
        "pxname": name,
        "svname": "FRONTEND",
        "scur": sessions,
        "smax": sessions,
        "slim": 9981,
        "stot": total,
        "bin": total * 120,
        "bout": total * 480,
        "dreq": 0,
        "dresp": 0,
        "ereq": 0,
        "status": "OPEN",
        "pid": 1,
        "iid": number,
        "sid": 0,
        "type": 0,
        "mode": mode,
        "-": "-",
    }


def show_stat(process: Process, *, has_page: bool = False) -> str:
    """The whole table as CSV."""
    servers = process.servers.values()
    rows = [_server_cells(process, server) for server in servers]
    rows.append(_backend_cells(process))
    total = sum(server.total_sessions for server in servers)
    rows.append(_frontend_cells("dsls_frontend", 3, "tcp", sum(server.sessions for server in servers), total))
    if has_page:
        rows.append(_frontend_cells("stats", 4, "http", 1, process.requests))
    return "\n".join(["# " + ",".join(COLUMNS) + ",", *map(_row, rows)]) + "\n"


def _uptime(process: Process) -> tuple[int, str]:
    """Seconds since the process started, as a number and as HAProxy writes them."""
    seconds = int(process.elapsed() - process.started)
    days, rest = divmod(seconds, 86400)
    return seconds, f"{days}d {time.strftime('%Hh%Mm%Ss', time.gmtime(rest))}"


def page(process: Process) -> str:
    """The statistics page as people see it: which process this is, and a table of the servers."""
    rows = "".join(
        f"<tr><td>{html.escape(server.name)}</td><td>{html.escape(server.status)}</td></tr>"
        for server in process.servers.values()
    )
    return (
        f"<html><head><title>Statistics Report for HAProxy on {html.escape(process.host)}</title></head><body>"
        f"<h1>HAProxy version {VERSION}, released 2026/10/17</h1><h2>Statistics Report for pid {process.pid}</h2>"
        f"<b>pid = </b> {process.pid} (process #1, nbproc = 1, nbthread = 2)<br>\n"
        f"<b>uptime = </b> {_uptime(process)[1]}<br>\n"
        f"<table><tr><th>{html.escape(process.backend)}</th><th>Status</th></tr>{rows}</table></body></html>\n"
    )


def show_info(process: Process) -> str:
    """`show info`."""
    uptime, since = _uptime(process)
    sessions = sum(server.sessions for server in process.servers.values())
    return (
        f"Name: HAProxy\nVersion: {VERSION}\nRelease_date: 2026/10/17\nNbthread: 2\nNbproc: 1\nProcess_num: 1\n"
        f"Pid: {process.pid}\nUptime: {since}\nUptime_sec: {uptime}\n"
        f"Ulimit-n: 20000\nMaxsock: 20000\nMaxconn: 9981\nHard_maxconn: 9981\nCurrConns: {sessions}\n"
        f"CumConns: {sum(server.total_sessions for server in process.servers.values())}\n"
        f"CumReq: {process.requests}\nRun_queue: 0\nIdle_pct: 100\nnode: {process.host}\nStopping: 0\nJobs: 9\n"
        f"Unstoppable Jobs: 0\nListeners: 8\nDroppedLogs: 0\nFailedResolutions: 0\nBuild info: {VERSION}\nTainted: 0\n"
    )


def show_servers_state(process: Process) -> str:
    """`show servers state`."""
    now = process.elapsed()
    lines = ["1", STATE_HEADER]
    bits = {Admin.READY: 0, Admin.MAINT: 1, Admin.DRAIN: 8}
    for server in process.servers.values():
        lines.append(
            f"{BACKEND_ID} {process.backend} {server.number} {server.name} 127.0.0.1 {2 if server.is_up else 0}"
            f" {bits[server.admin]} {server.weight} {server.initial_weight} {int(now - server.changed_at)}"
            f" 15 3 {server.health} {14 if server.admin is Admin.MAINT else 6}"
            f" 0 0 0 - {server.port} - 0 {server.port} - - 0"
        )
    return "\n".join(lines) + "\n"
