# SPDX-License-Identifier: Apache-2.0
"""What the machine itself adds to the time of an answer, for tests that judge how long something took.

A process of its own does what every program must be able to do: it wakes up after a pause, computes for some milliseconds, and
makes a few bytes durable. How much longer that takes than it needs is the machine's doing: other programs, a hypervisor, a
disk that others use. An answer passes through many such wake-ups and a few such writes, hence the factors.
"""
import os, subprocess, sys, threading, time

PAUSE, WORK, DISK_PAUSE = 0.1, 0.004, 0.25  # seconds: a twentieth of a core
CPU_FACTOR, DISK_FACTOR = 20, 10


def now():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Canary(threading.Thread):
    def __init__(self, folder):
        super().__init__(daemon=True)
        self.heard = {"cpu": [], "disk": []}  # (begin, end, seconds too many)
        self.changed = threading.Condition()
        command = [sys.executable, os.path.realpath(__file__), folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.start()

    def run(self):
        for line in self.process.stdout:
            kind, *times = line.split()
            with self.changed:
                self.heard[kind].append(tuple(map(float, times)))
                self.changed.notify_all()

    def worst(self, kind, begin, end):
        heard = self.heard[kind]
        with self.changed:  # what has begun by then may be the very one that is late
            self.changed.wait_for(lambda: (heard and heard[-1][0] > end) or self.process.poll() is not None, 300)
            return max((late for b, e, late in heard if b <= end and begin <= e), default=0.0)

    def delay(self, begin, end):
        """Seconds that an answer between these times may have taken longer for no fault of who gave it."""
        return CPU_FACTOR * self.worst("cpu", begin, end) + DISK_FACTOR * self.worst("disk", begin, end)


def say(kind, begin, end, late):
    try:
        os.write(1, b"%s %f %f %f\n" % (kind, begin, end, max(late, 0.0)))
    except OSError:
        os._exit(0)  # whom it sang for is gone


def watch_disk(folder, ended):
    path = "%s/canary.%d" % (folder, os.getpid())
    f = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    os.unlink(path)
    while not ended.wait(DISK_PAUSE):
        begin = now()
        os.ftruncate(f, 0)
        os.pwrite(f, b"x" * 4096, 0)
        os.fsync(f)
        say(b"disk", begin, now(), now() - begin)


def watch_processors(ended):
    while True:
        begin = now()
        if ended.wait(PAUSE):
            return
        until = time.thread_time() + WORK
        while time.thread_time() < until:
            pass
        end = now()
        say(b"cpu", begin, end, end - begin - PAUSE - WORK)


def main(folder):
    ended = threading.Event()
    threading.Thread(target=watch_disk, args=(folder, ended), daemon=True).start()
    threading.Thread(target=watch_processors, args=(ended,), daemon=True).start()
    sys.stdin.read()  # ends with whom it sings for
    ended.set()


if __name__ == "__main__":
    main(sys.argv[1])
