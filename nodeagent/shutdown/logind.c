/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A row of steps, each a call whose answer begins the next: how long may a shutdown be held back; where that is too short, a
 * drop-in that asks for more, and the question again; the lock. What is heard of shutdowns is asked for before, so that none
 * comes between. A step that fails closes the connection, and all begins anew a second later.
 */
#include "shutdown/logind.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "os/tree.h"

#define LIBRARY "libsystemd.so.0"
#define AGAIN_NS NS_PER_S
#define ROUNDS 64 /* messages, before others on the loop have their turn */
#define LOGIN "org.freedesktop.login1"
#define LOGIN_PATH "/org/freedesktop/login1"
#define LOGIN_MANAGER LOGIN ".Manager"
#define SYSTEMD "org.freedesktop.systemd1"
#define CONF_FILE "99-kubelet.conf"

/* Each is declared by the library's own header. */
struct functions {
	typeof(sd_bus_open_system) *open_system;
	typeof(sd_bus_close_unref) *close_unref;
	typeof(sd_bus_get_fd) *get_fd;
	typeof(sd_bus_get_events) *get_events;
	typeof(sd_bus_get_timeout) *get_timeout;
	typeof(sd_bus_process) *process;
	typeof(sd_bus_match_signal_async) *match_signal_async;
	typeof(sd_bus_call_method_async) *call_method_async;
	typeof(sd_bus_message_read) *message_read;
	typeof(sd_bus_message_enter_container) *message_enter_container;
	typeof(sd_bus_message_get_error) *message_get_error;
};

struct logind {
	struct logind_config c;
	struct functions f;
	void *library;
	sd_bus *bus; /* NULL: not connected */
	struct loop_io io;
	struct loop_timer timer; /* the bus's own, or that of the next attempt */
	bool told;		 /* of trouble; once is enough */
	bool overridden;	 /* the drop-in was written, in this connection */
	bool failed;		 /* a step has; noticed behind sd_bus_process */
	int lock;		 /* -1: none */
};

static void open_bus(struct logind *l);

/* ---- the drop-in ---- */

int logind_write_delay(const char *dir, int64_t delay_s, struct err *err)
{
	autofree char *path = mem_printf("%s/" CONF_FILE, dir);
	autofree char *text =
		mem_printf("# Written by the node agent: Pods need so long when the machine goes down.\n"
			   "[Login]\nInhibitDelayMaxSec=%lld\n",
			   (long long)delay_s);
	if (tree_mkdirs(dir, 0755, err) < 0)
		return -1;
	return tree_write(path, text, strlen(text), 0644, TREE_DURABLE, err);
}

/* ---- the connection ---- */

static void fail(struct logind *l, const char *what, const char *why)
{
	if (!l->told)
		log_warning("cannot hold back shutdowns of this machine", "%s=\"%s\"", what, why);
	l->told = true;
	l->failed = true;
}

static void close_bus(struct logind *l)
{
	loop_io_stop(&l->io);
	loop_timer_set(l->c.loop, &l->timer, CLOCK_NEVER);
	if (l->bus)
		l->f.close_unref(STEAL(l->bus));
}

static void set_interest(struct logind *l)
{
	int events = l->f.get_events(l->bus);
	uint64_t us = UINT64_MAX;
	(void)l->f.get_timeout(l->bus, &us);
	loop_io_set(&l->io, (events & POLLIN ? LOOP_READ : 0) | (events & POLLOUT ? LOOP_WRITE : 0));
	loop_timer_set(l->c.loop, &l->timer, us >= INT64_MAX / 1000 ? CLOCK_NEVER : (int64_t)us * 1000);
}

static void process(struct logind *l)
{
	int rc = 1;
	for (int i = 0; i < ROUNDS && rc > 0 && !l->failed; i++)
		rc = l->f.process(l->bus, NULL);
	if (rc < 0 && !l->failed)
		fail(l, "bus", strerror(-rc));
	if (!l->failed) {
		set_interest(l);
		if (rc > 0)
			loop_timer_set(l->c.loop, &l->timer, clock_mono_ns());
		return;
	}
	close_bus(l);
	loop_timer_set(l->c.loop, &l->timer, clock_mono_ns() + AGAIN_NS);
}

static void on_io(void *arg, unsigned events)
{
	process(arg);
}

static void on_timer(void *arg)
{
	struct logind *l = arg;
	if (l->bus)
		process(l);
	else
		open_bus(l);
}

/* ---- the steps ---- */

/* The answer, or NULL and the trouble is told. */
static sd_bus_message *answer(struct logind *l, sd_bus_message *m, const char *what)
{
	const sd_bus_error *e = l->f.message_get_error(m);
	if (!e)
		return m;
	fail(l, what, e->message ? e->message : e->name);
	return NULL;
}

static void check(struct logind *l, int rc, const char *what)
{
	if (rc < 0)
		fail(l, what, strerror(-rc));
}

static int on_lock(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	int fd = -1;
	if (!answer(l, m, "Inhibit"))
		return 0;
	check(l, l->f.message_read(m, "h", &fd), "Inhibit");
	if (l->failed)
		return 0;
	logind_let_go(l);
	l->lock = fcntl(fd, F_DUPFD_CLOEXEC, 3); /* the message's own goes with it */
	l->told = false;
	log_info("shutdowns of this machine wait for its pods", "delay=%llds", (long long)l->c.delay_s);
	return 0;
}

static void ask_lock(struct logind *l)
{
	check(l,
	      l->f.call_method_async(l->bus, NULL, LOGIN, LOGIN_PATH, LOGIN_MANAGER, "Inhibit", on_lock, l,
				     "ssss", "shutdown", "kubelet",
				     "Kubelet needs time to handle node shutdown", "delay"),
	      "Inhibit");
}

static void ask_delay(struct logind *l);

static int on_reload(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	if (answer(l, m, "KillUnit"))
		ask_delay(l);
	return 0;
}

static void override(struct logind *l)
{
	struct err err = ERR_INIT;
	l->overridden = true;
	if (logind_write_delay(l->c.conf_dir, l->c.delay_s, &err) < 0) {
		fail(l, "drop-in", err.msg);
		return;
	}
	check(l,
	      l->f.call_method_async(l->bus, NULL, SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
				     "KillUnit", on_reload, l, "ssi", "systemd-logind.service", "all", 1),
	      "KillUnit");
}

static int on_delay(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	uint64_t us = 0;
	if (!answer(l, m, "InhibitDelayMaxUSec"))
		return 0;
	int rc = l->f.message_enter_container(m, 'v', "t");
	check(l, rc < 0 ? rc : l->f.message_read(m, "t", &us), "InhibitDelayMaxUSec");
	if (l->failed)
		return 0;
	if (us / 1000000 >= (uint64_t)l->c.delay_s)
		ask_lock(l);
	else if (!l->overridden)
		override(l);
	else
		fail(l, "InhibitDelayMaxUSec", "it stays shorter than shutdownGracePeriod");
	return 0;
}

static void ask_delay(struct logind *l)
{
	check(l,
	      l->f.call_method_async(l->bus, NULL, LOGIN, LOGIN_PATH, "org.freedesktop.DBus.Properties",
				     "Get", on_delay, l, "ss", LOGIN_MANAGER, "InhibitDelayMaxUSec"),
	      "InhibitDelayMaxUSec");
}

static int on_prepare(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct logind *l = arg;
	int begins = 0;
	if (l->f.message_read(m, "b", &begins) < 0)
		return 0;
	if (!begins)
		ask_lock(l);
	l->c.prepare(l->c.arg, begins != 0);
	return 0;
}

static void open_bus(struct logind *l)
{
	struct err err = ERR_INIT;
	l->failed = l->overridden = false;
	int rc = l->f.open_system(&l->bus);
	if (rc < 0) {
		l->bus = NULL;
		fail(l, "bus", strerror(-rc));
	} else if (loop_io_start(l->c.loop, &l->io, l->f.get_fd(l->bus), LOOP_READ, &err) < 0) {
		fail(l, "bus", err.msg);
	} else {
		check(l,
		      l->f.match_signal_async(l->bus, NULL, NULL, LOGIN_PATH, LOGIN_MANAGER,
					      "PrepareForShutdown", on_prepare, NULL, l),
		      "PrepareForShutdown");
		ask_delay(l);
	}
	if (!l->failed) {
		process(l);
		return;
	}
	close_bus(l);
	loop_timer_set(l->c.loop, &l->timer, clock_mono_ns() + AGAIN_NS);
}

/* ---- life ---- */

#define FUNCTION(name)                                                                                       \
	{                                                                                                    \
		"sd_bus_" #name, offsetof(struct functions, name)                                            \
	}

static int load(struct logind *l, struct err *err)
{
	static const struct {
		const char *name;
		size_t place;
	} rows[] = {
		FUNCTION(open_system),
		FUNCTION(close_unref),
		FUNCTION(get_fd),
		FUNCTION(get_events),
		FUNCTION(get_timeout),
		FUNCTION(process),
		FUNCTION(match_signal_async),
		FUNCTION(call_method_async),
		FUNCTION(message_read),
		FUNCTION(message_enter_container),
		FUNCTION(message_get_error),
	};
	l->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!l->library)
		return err_set(err, REASON_INVALID, "graceful node shutdown wants " LIBRARY ": %s",
			       dlerror());
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		void *found = dlsym(l->library, rows[i].name);
		if (!found)
			return err_set(err, REASON_INVALID, LIBRARY " has no %s", rows[i].name);
		memcpy((char *)&l->f + rows[i].place, &found, sizeof(found));
	}
	return 0;
}

struct logind *logind_new(const struct logind_config *c, struct err *err)
{
	struct logind *l = MEM_NEW(struct logind);
	*l = (struct logind){.c = *c, .lock = -1};
	l->io = (struct loop_io){.fn = on_io, .arg = l};
	l->timer = (struct loop_timer){.fn = on_timer, .arg = l};
	if (load(l, err) < 0) {
		free(l);
		return NULL;
	}
	loop_timer_set(c->loop, &l->timer, clock_mono_ns());
	return l;
}

bool logind_holds(const struct logind *l)
{
	return l->lock >= 0;
}

void logind_let_go(struct logind *l)
{
	if (l->lock >= 0)
		close(l->lock);
	l->lock = -1;
}

void logind_free(struct logind *l)
{
	if (!l)
		return;
	close_bus(l);
	logind_let_go(l);
	free(l); /* the library stays: its threads' memory may */
}
