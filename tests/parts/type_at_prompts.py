"""Runs a program on a terminal of its own and types at its prompts. Arguments: the program and its own. Standard input: one line
for each prompt, PROMPT<tab>WHAT TO TYPE; WHAT is typed when PROMPT has been shown. Writes what the terminal showed to standard
output and ends with the program's exit status."""

import os
import pty
import select
import sys
import termios

lines = [line.rstrip("\n").split("\t") for line in sys.stdin]
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])

shown = b""
read_to = 0


def read_more():
    global shown
    ready, _, _ = select.select([terminal], [], [], 60)
    if not ready:
        sys.exit("the program neither asks nor ends")
    try:
        piece = os.read(terminal, 4096)
    except OSError:  # Linux says so when the program has ended
        return False
    shown += piece
    return bool(piece)


for prompt, typed in lines:
    while prompt.encode() not in shown[read_to:]:
        if not read_more():
            break
    read_to = len(shown)
    # Prompts come before echo is turned off; nobody types as fast as this program.
    for _ in range(6000):
        if not termios.tcgetattr(terminal)[3] & termios.ECHO:
            break
        select.select([], [], [], 0.01)
    os.write(terminal, typed.encode() + b"\n")
while read_more():
    pass
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(status))
