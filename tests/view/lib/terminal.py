# Run a command at a terminal of its own: terminal.py PATTERN ANSWER COMMAND...; prints what is shown, when it is.
import os, pty, re, select, sys, time
pattern, answer, *command = sys.argv[1:]
pid, fd = pty.fork()
if not pid: os.execvp(command[0], command)
shown, end, answered = b"", time.time() + 120, False
while time.time() < end:
    if not select.select([fd], [], [], 1)[0]: continue
    try: got = os.read(fd, 4096)
    except OSError: break
    shown += got
    os.write(1, got)
    if not answered and re.search(pattern.encode(), shown):
        os.write(fd, answer.encode().decode("unicode_escape").encode()); answered = True
else: os.kill(pid, 9)
print(" status", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
