"""Runs a command in a terminal and types the line of standard input as soon as the terminal stops showing what is
typed; then prints everything that the terminal showed, and leaves as the command did."""

import os
import pty
import sys
import termios

line = sys.stdin.buffer.read()
child, terminal = pty.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while termios.tcgetattr(terminal)[3] & termios.ECHO:
    os.sched_yield()
os.write(terminal, line)
shown = b""
try:
    while chunk := os.read(terminal, 4096):
        shown += chunk
except OSError:  # the command has gone
    pass
sys.stdout.buffer.write(shown)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
