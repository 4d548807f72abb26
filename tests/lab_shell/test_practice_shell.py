"""The shell of the practice hosts says and returns what dash does."""

import asyncio
import shlex
import subprocess
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dslsconsole.lab.host import Host

# ruff: noqa: E501 - one script a line
SCRIPTS = [
    "echo hello   world",
    "echo 'a  b' \"c  d\" e\\ \\ f",
    'x="a b  c"; echo $x; echo "$x"',
    "set -- 'a b' c; for i in \"$@\"; do echo \"<$i>\"; done; for i in $*; do echo \"[$i]\"; done; echo \"$#\"",
    "set --; for i in \"$@\"; do echo never; done; echo $#",
    "echo ${x:-default} ${x-unset} ${x:+set} ${x+set}; x=; echo ${x:-empty} \"${x-kept}\" ${x:+no} ${x+yes}",
    "echo ${x:=assigned}; echo $x; echo ${#x}",
    "p=/opt/dsls/bin/tool.tar.gz; echo ${p##*/} ${p#*/} ${p%.*} ${p%%.*} ${p%/*}",
    "x='a*b'; echo \"${x%\\**}\" \"${x#*'*'}\"",
    'x="1 2"; echo "${y:-$x  3}" ${y:-$x  3}',
    "echo $((1 + 2 * 3)) $(( (7 - 2) / 2 )) $((7 % 3)) $((1 < 2)) $((2 == 3)) $((-7 / 2))",
    "i=0; while [ $i -lt 5 ]; do i=$((i + 1)); [ $i -eq 3 ] && continue; [ $i -eq 5 ] && break; echo $i; done; echo end $i",
    "until false; do echo once; break; done",
    "for a in 1 2; do for b in x y; do [ $b = y ] && continue 2; echo $a$b; done; done",
    "case abc in a*) echo one;; *) echo two;; esac; case x in (y|z) echo no;; [w-y]) echo range;; esac",
    "case '*' in '*') echo star;; esac; case ab in 'a*') echo wrong;; a?) echo right;; esac",
    "f() { echo \"$1-$#\"; return 4; }; f a b; echo $?; f && echo no || echo yes",
    "f() { local x=inner; echo $x; }; x=outer; f; echo $x",
    "x=1; (x=2; echo $x); echo $x; { x=3; }; echo $x",
    "echo one | { read a; echo \"got $a\"; }; echo 'a b c' | while read x y; do echo \"$y,$x\"; done",
    "printf 'a:b:c\\n' | { IFS=: read x y z; echo $z$y$x; }; printf '  lead  trail  \\n' | { read -r x; echo \"[$x]\"; }",
    "printf 'a\\\\tb\\n' | { read x; echo \"$x\"; }; printf 'a\\\\tb\\n' | { read -r x; printf '%s\\n' \"$x\"; }",
    "read x </dev/null; echo $?",
    "IFS=:; x='a::b:'; set -- $x; echo $#; IFS=; x='a b'; set -- $x; echo $#",
    "IFS=' :'; x=' a : b '; set -- $x; echo $# $1 $2",
    "echo $(echo a; echo b) \"$(echo a; echo b)\" `echo c` \"`echo \\`echo d\\``\"",
    "x=$(echo a; exit 3); echo $? $x; x=$(false) || echo failed",
    "true && echo a || echo b; false && echo a || echo b; ! true; echo $?; ! false; echo $?",
    "false | true; echo $?; true | false; echo $?; echo x | cat | tr x y",
    "cat <<E\nhi $((1+1)) $(echo there) \\$x\nE\n",
    "cat <<'E'\nhi $x `no`\nE\ncat <<-E\n\ttab\n\tE\necho after",
    "cat <<A; cat <<B\na\nA\nb\nB\n",
    "set -e; false || true; if false; then :; fi; ! true; echo alive; false; echo dead",
    "set -e; f() { false; echo in; }; f || echo caught; f; echo never",
    "set -e; x=$(false); echo never",
    "set -e; (false); echo never",
    "set -e; true | false; echo never",
    "set -u; echo ${x-ok}; echo $x; echo never",
    "trap 'echo bye $?' EXIT; echo hi; exit 3",
    "trap 'echo bye' EXIT; set -e; false; echo never",
    "trap 'echo bye' EXIT; (echo sub); exec echo replaced",
    "exec 3>&1; echo three >&3; exec 3>&-; echo done",
    "{ echo out; echo err >&2; } 2>/dev/null; { echo out; echo err >&2; } 2>&1 >/dev/null",
    "echo a >/tmp/lab-shell-test-x; echo b >>/tmp/lab-shell-test-x; cat /tmp/lab-shell-test-x; rm /tmp/lab-shell-test-x",
    "nosuchcommand; echo $?; nosuchcommand 2>/dev/null || echo missing",
    "cat </nosuch; echo $?; echo x >/nosuch/y; echo $?",
    "eval 'x=5; echo $x'; eval \"echo \\$x\"",
    "command -v echo; command -v nosuchcommand; echo $?; type nosuchcommand >/dev/null; echo $?",
    "x=1 y=2; z=$x$y; echo $z; X=env sh -c 'echo $X'; echo [$X]",
    "export A=1; B=2; sh -c 'echo $A$B'; unset A; sh -c 'echo [$A]'; readonly R=1; echo $R",
    "sh -c 'echo $0 $1 $#' name a b; sh -c 'exit 9'; echo $?",
    "set -- -a -b val rest; while getopts ab: o; do echo \"$o ${OPTARG-}\"; done; shift $((OPTIND - 1)); echo $1",
    "printf '%s|%5s|%-5s|%05d|%x|%o|%c\\n' a b c 42 255 8 xyz; printf '%s,' 1 2 3; printf '\\n%b\\n' 'a\\tb'; printf '%d%%\\n' 5",
    "printf '%s\\n'; printf '%.2f %e\\n' 3.14159 1000; printf 'x\\101y\\n'; printf '%.2s\\n' abc; printf '%*d\\n' 5 3",
    "echo 'a\\tb\\\\n\\0101'; echo -n no newline; echo; echo -e x",
    "[ a = a ] && [ ! a = b ] && [ -z '' ] && [ -n x ] && echo ok; [ 1 -lt 2 -a 2 -gt 1 ] && echo and; [ '(' = '(' ] && echo paren",
    "test; echo $?; [ ]; echo $?; [ -f ]; echo $?; [ a -o '' ]; echo $?; [ 1 -eq x ] 2>/dev/null; echo $?",
    "sleep 0 & wait $!; echo $?; (exit 3) & wait $!; echo $?; wait; echo $?",
    "echo a;echo b;# comment\necho c # comment\necho d#notcomment",
    "if true; then echo a; elif false; then echo b; else echo c; fi; if false; then echo a; elif true; then echo b; fi",
    "x='$(echo no)'; echo \"$x\" $x; echo '$x' \\$x",
    "echo a\\\nb; echo 'a\\\nb'; echo \"a\\\nb\"",
    "fi", "echo $(", "if true; then", "echo 'open", "for 1 in a; do :; done", "{ echo a; ", "a() {", "case x in", ")", ";;",
    "f() { f2() { echo nested; }; f2; }; f; f2",
    "x=5; while [ $x -gt 0 ]; do x=$((x-1)); done | cat; echo $x",
    "shift; echo never",
    "break; echo fine; return 2>/dev/null; echo gone",
    "umask 077; umask; umask 22; umask",
    "cd /tmp && pwd; cd /nosuch 2>/dev/null; echo $?; cd /; echo $PWD; cd - >/dev/null; pwd",
    "echo ~root/x '~' \"~\" a~",
    "set -f; echo *; set +f; set -- *nomatch*; echo $1",
    "x=abc; echo ${x}d \"${x}\"'e'f$x; echo \"$x\"\"$x\"; echo $x$x",
    "seq() { i=$1; while [ $i -le $2 ]; do echo $i; i=$((i+1)); done; }; seq 1 3 | { n=0; while read x; do n=$((n+x)); done; echo $n; }",
    "echo ${1:-none} ${2-none}; set -- a; echo ${1:-none} ${10:-ten}",
    ": ${x:?message}; echo never",
    "echo $$ | grep -q '^[0-9][0-9]*$' && echo number; echo $! | wc -l",
    "time=3; echo $time; a=b=c; echo $a; =x 2>/dev/null; echo $?",
    "echo {a,b} a{b}; echo a}b; echo !x",
    "cat - <<E | tr a-z A-Z | sed 's/B/x/g' | sort -r | head -n 1\nabc\nbcd\nE\n",
    "printf 'b\\na\\nb\\n' | sort | uniq -c | sed 's/^ *//'; printf 'a b c\\n' | cut -d' ' -f2,3; printf 'a1\\n' | tr -d 0-9",
    "printf 'Role: primary\\nx\\n' | grep Role; printf 'a\\nb\\n' | grep -c .; printf 'a\\n' | grep -v a; echo $?; echo aB | grep -io b",
    "printf '1\\n2\\n3\\n4\\n' | sed -n '2,3p'; printf 'k=v\\n' | sed -n 's/^k=\\(.*\\)$/\\1/p'; printf 'x\\n' | sed '/x/d'",
    "printf '12345' | head -c 3; echo; printf '1\\n2\\n3\\n' | tail -n 1; printf 'a b\\nc\\n' | wc -l; printf 'abc' | wc -c",
    "timeout 5 echo fine; timeout 5 sh -c 'exit 7'; echo $?; timeout 5 nosuchcommand 2>/dev/null; echo $?",
    "printf abc | sha256sum; printf abc | md5sum; printf abc | base64; printf YWJj | base64 -d; echo; printf abc | gzip -c | gunzip -c",
    "printf '1\\n2\\n3\\n' | head -2; printf '1\\n2\\n3\\n' | tail -1; printf '1\\n2\\n3\\n' | tail -n +2; head -c0 </dev/null",
    "printf 'x y\\nz\\n' | grep -E '^(x|q) [a-z]+$'; printf 'a.b\\naxb\\n' | grep -F a.b; printf 'ab\\n' | grep -q 'a\\(b\\)'; echo $?",
    "printf 'a  b\\n' | tr -s ' '; printf 'b 2\\na 10\\n' | sort -k2 -n; printf 'a,b\\n' | sed 's/,/ /g; s/a/[&]/'; date -u -d @0 +%F",
    "basename /a/b.txt .txt; dirname /a/b/c; dirname a; basename a/",
    "f=$(mktemp); trap 'rm -f \"$f\"' EXIT; echo x >\"$f\"; cat \"$f\"; [ -s \"$f\" ] && echo filled; stat -c %a \"$f\"",
    "env -i A=1 env; env A=2 sh -c 'echo $A'; echo a b | { read x; set -- $x; echo $2; }",
]  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("script", SCRIPTS)
async def test_does_what_dash_does(script: str, host: Host, need: Callable[[str], str]) -> None:
    real = await asyncio.to_thread(
        subprocess.run,
        [need("dash"), "-c", script],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=20,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "HOME": "/root", "LC_ALL": "C"},
    )
    done = await host.capture(f"cd /; exec sh -c {shlex.quote(script)}")
    assert (done.stdout, done.status) == (real.stdout, real.returncode), (done.stderr, real.stderr)
    assert bool(done.stderr) == bool(real.stderr), (done.stderr, real.stderr)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=4))
async def test_quoted_words_arrive_as_they_were(host: Host, words: list[str]) -> None:
    done = await host.capture("printf '<%s>' " + shlex.join(words))
    assert done.stdout.decode() == ("".join(f"<{word}>" for word in words) or "<>")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=st.text(st.sampled_from("ab $\"'`\\(){}|&;<>#\n=!*?[]~1:-%")))
async def test_no_script_ends_in_anything_but_a_status(host: Host, script: str) -> None:
    done = await host.capture(script)
    assert 0 <= done.status <= 255


async def test_writes_only_in_the_hosts_own_tree(host: Host, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside")
    done = await host.capture(f"echo x >{outside}/file; echo x >../../../../../../{outside.name}; ls {outside}")
    assert list(outside.iterdir()) == []
    assert b"Directory nonexistent" in done.stderr


async def test_a_link_does_not_lead_out_of_the_host(host: Host) -> None:
    done = await host.capture("ln -s /../../../../etc /tmp/link; cat /tmp/link/hostname")
    assert done.stdout == b"dsls-primary-01\n"


async def test_users_have_their_permissions(host: Host) -> None:
    host.write("/etc/secret", "key", mode=0o600)
    assert (await host.capture("cat /etc/secret", "dslsprobe")).status == 1
    assert (await host.capture("echo x >/etc/new", "dslsop")).status == 2
    assert (await host.capture("sudo -n cat /etc/secret", "dslsop")).stdout == b"key"
    refused = await host.capture("sudo -n cat /etc/secret", "dslsprobe")
    assert (refused.status, refused.stderr) == (1, b"sudo: a password is required\n")


async def test_timeout_ends_what_never_answers(host: Host) -> None:
    done = await host.capture("timeout -k 1 0.05 cat /dev/stdin; echo $?; timeout 0.05 sleep 60; echo $?")
    assert done.stdout == b"0\n124\n"


async def test_a_fork_bomb_ends(host: Host) -> None:
    async with asyncio.timeout(30):
        done = await host.capture("f() { f | f; }; f")
    assert b"Cannot fork" in done.stderr
