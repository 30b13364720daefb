"""Runs a program at a terminal of its own, as a person would:

    terminal.py [wait TEXT | quiet | caught | run COMMAND | type LINE | interrupt]... -- PROGRAM ARGUMENT...

wait: until it has printed TEXT; quiet: until the terminal echoes nothing; caught: until it has a
handler for SIGINT; run: a command of the shell, beside it; interrupt: Ctrl-C. Then waits for its
end, and prints its exit status (minus the signal that ended it) and whether the terminal echoes
again. What it says is copied to standard error. A step that takes more than a minute fails.
"""
import os, pty, select, signal, subprocess, sys, termios, time

LONG = 60
steps, program = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
signal.signal(signal.SIGINT, signal.SIG_DFL)  # not Python's own, which "caught" would see
child, terminal = pty.fork()
if child == 0:
    os.execvp(program[0], program)
seen = b""


def read(seconds):
    """Copies what the program says meanwhile; False when it has left the terminal."""
    global seen
    if not select.select([terminal], [], [], seconds)[0]:
        return True
    try:
        data = os.read(terminal, 4096)
    except OSError:
        data = b""
    seen += data
    sys.stderr.buffer.write(data)
    sys.stderr.buffer.flush()
    return bool(data)


def until(true, what):
    end = time.monotonic() + LONG
    while not true():
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            sys.exit(f"FAILED: {what}")
        if not read(0.05):
            time.sleep(0.05)


def echoes():
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def catches_sigint():
    with open(f"/proc/{child}/status") as status:
        caught = next(line for line in status if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGINT - 1) & 1)


steps = iter(steps)
for step in steps:
    if step == "wait":
        text = next(steps).encode()
        until(lambda: text in seen, f"it did not say {text}")
        seen = seen.split(text, 1)[1]
    elif step == "quiet":
        until(lambda: not echoes(), "the terminal still echoes")
    elif step == "caught":
        until(catches_sigint, "it does not handle SIGINT")
    elif step == "run":
        subprocess.run(["sh", "-e", "-c", next(steps)], check=True, stdout=sys.stderr)
    elif step == "type":
        os.write(terminal, next(steps).encode() + b"\n")
    elif step == "interrupt":
        os.write(terminal, b"\x03")
    else:
        sys.exit(f"no such step: {step}")
ended = []


def has_ended():
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        ended.append(os.waitstatus_to_exitcode(status))
    return bool(pid)


until(has_ended, "it did not end")
print(ended[0], "echo" if echoes() else "no echo")
