#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""e2e/logind.py DIR: what a node agent sees of systemd's login manager, on the bus of DBUS_SYSTEM_BUS_ADDRESS: Inhibit, how long a
shutdown may be held back, PrepareForShutdown; and of systemd that it makes the login manager read its settings again. Run by the tests
with a bus of their own.

  DIR/delay     how many seconds are granted; when settings are read again, what DIR/conf/*.conf says
  DIR/lock      is there while somebody holds a lock; its words
  DIR/command   `begin` or `cancel`, taken away when it has been done"""

import os
import re
import socket
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

home = sys.argv[1]
LOGIN, SYSTEMD, PROPERTIES = "org.freedesktop.login1", "org.freedesktop.systemd1", "org.freedesktop.DBus.Properties"


def path(name):
    return os.path.join(home, name)


def read(name):
    with open(path(name), encoding="utf-8") as f:
        return f.read().strip()


def write(name, text):
    with open(path(name + ".new"), "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path(name + ".new"), path(name))


class Login(dbus.service.Object):
    locks = {}

    @dbus.service.method(LOGIN + ".Manager", in_signature="ssss", out_signature="h")
    def Inhibit(self, what, who, why, mode):
        ours, theirs = socket.socketpair()
        self.locks[ours] = f"{what} {who} {mode}"
        GLib.io_add_watch(ours.fileno(), GLib.IO_HUP, self.released, ours)
        self.show()
        answer = dbus.types.UnixFd(theirs)
        theirs.close()
        return answer

    def released(self, fd, condition, ours):
        del self.locks[ours]
        ours.close()
        self.show()
        return False

    def show(self):
        if self.locks:
            write("lock", "\n".join(self.locks.values()))
        elif os.path.exists(path("lock")):
            os.unlink(path("lock"))

    @dbus.service.method(PROPERTIES, in_signature="ss", out_signature="v")
    def Get(self, interface, name):
        return dbus.UInt64(int(read("delay")) * 1000000)

    @dbus.service.signal(LOGIN + ".Manager", signature="b")
    def PrepareForShutdown(self, begins):
        pass


class Systemd(dbus.service.Object):
    @dbus.service.method(SYSTEMD + ".Manager", in_signature="ssi")
    def KillUnit(self, unit, who, signal):
        write("killed", f"{unit} {who} {signal}")
        for name in sorted(os.listdir(path("conf"))):
            found = re.search(r"^\[Login\]\nInhibitDelayMaxSec=(\d+)$", read("conf/" + name), re.M)
            if found:
                write("delay", found.group(1))


def obey(login):
    if os.path.exists(path("command")):
        login.PrepareForShutdown(read("command") == "begin")
        os.unlink(path("command"))
    return True


dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
bus = dbus.SystemBus()
names = [dbus.service.BusName(LOGIN, bus), dbus.service.BusName(SYSTEMD, bus)]
manager = Login(bus, "/org/freedesktop/login1")
systemd = Systemd(bus, "/org/freedesktop/systemd1")
GLib.timeout_add(100, obey, manager)
write("ready", "")
GLib.MainLoop().run()
