/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an earlier agent left, which may have been killed at any moment.
 *
 * The programs that it ran work on for a while: a network plugin that gives an address, a runtime that starts a container.
 * They hold a lock that they inherited, and are waited for. conmon does not, since it stays; it is sought by the id that it
 * was given.
 *
 * Whether a container's program was begun is the runtime's to say: crun and runc keep a fifo beside their state until then.
 * One that was never begun is removed, and its attempt made again. One that was has used it up, even when the agent did not
 * live to write that down.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "os/process.h"
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define PATIENCE_NS (10 * NS_PER_S)
#define TICK_MS 10
#define CMDLINE_MAX 8192

static void tick(void)
{
	(void)poll(NULL, 0, TICK_MS);
}

int oci_lock(struct oci *o, struct err *err)
{
	autofree char *path = mem_printf("%s/lock", o->c.root);
	int64_t deadline = clock_mono_ns() + PATIENCE_NS;
	o->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (o->lock_fd < 0)
		return err_errno(err, "open %s", path);
	while (flock(o->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, "lock %s", path);
		if (clock_mono_ns() > deadline) { /* a plugin's daemon, say, which will not end */
			log_warning("programs of an earlier agent are still at work", "file=%s", path);
			return 0;
		}
		tick();
	}
	return 0;
}

/* ---- a conmon that nobody wrote down ---- */

struct search {
	const char *id;
	struct oci_process found;
};

/* conmon … -c ID … */
static bool look_at(void *arg, const char *name)
{
	struct search *s = arg;
	struct err ignored = ERR_INIT;
	autobuf struct buf line = BUF_INIT;
	autofree char *path = mem_printf("/proc/%s/cmdline", name);
	if (!isdigit((unsigned char)*name) || tree_read(path, CMDLINE_MAX, &line, &ignored) < 0)
		return true;
	autobuf struct buf want = BUF_INIT;
	buf_add(&want, "-c", sizeof("-c"));
	buf_add(&want, s->id, strlen(s->id) + 1);
	if (!memmem(buf_str(&line), line.len, want.p, want.len))
		return true;
	s->found.pid = (pid_t)strtol(name, NULL, 10);
	s->found.start = process_start_time(s->found.pid);
	return !s->found.start;
}

static struct oci_process find_conmon(const char *id)
{
	struct search s = {.id = id};
	struct err ignored = ERR_INIT;
	(void)!tree_names("/proc", look_at, &s, &ignored);
	return s.found.start ? s.found : (struct oci_process){0};
}

static pid_t read_pid(const struct oci_container *c, const char *file)
{
	struct err ignored = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *path = mem_printf("%s/%s", c->dir, file);
	return tree_read(path, 64, &b, &ignored) == 0 ? (pid_t)strtol(buf_str(&b), NULL, 10) : 0;
}

/* True when conmon was called for it. By then it has made the container, or has given up. */
static bool find_beginning(struct oci_container *c)
{
	int64_t deadline = clock_mono_ns() + PATIENCE_NS;
	struct oci_process conmon = find_conmon(c->id);
	while (conmon.pid && !read_pid(c, "pidfile") && clock_mono_ns() < deadline) {
		tick();
		conmon = find_conmon(c->id); /* another one: it forks */
	}
	pid_t init = read_pid(c, "pidfile");
	if (!conmon.pid && !init && !read_pid(c, "conmon.pid"))
		return false;
	c->conmon = conmon;
	if (init && conmon.pid) /* else the number may be anybody's by now; its cgroup has it */
		c->init = (struct oci_process){init, process_start_time(init)};
	return true;
}

/* ---- what becomes of it ---- */

/* One that the runtime does not know any more was being removed, for not having begun. */
static bool was_begun(const struct oci *o, const struct oci_container *c)
{
	autofree char *dir = mem_printf("%s/runtime/%s", o->c.root, c->id),
		      *fifo = mem_printf("%s/exec.fifo", dir);
	return access(dir, F_OK) == 0 && access(fifo, F_OK) < 0;
}

/* False for one that is to go. */
static bool take_over(struct oci *o, struct oci_container *c)
{
	struct err ignored = ERR_INIT; /* unsaved, it is found out again */
	if (!c->complete)
		return false;
	if (!c->init.pid) /* not even made, or nobody wrote down that it was */
		return c->finished_ns || !find_beginning(c);
	if (c->started_ns || c->finished_ns)
		return true;
	if (!was_begun(o, c))
		return false;
	c->started_ns = c->launched_ns ? c->launched_ns : c->created_ns;
	(void)!oci_container_save(o, c, &ignored);
	return true;
}

static void adopt_containers(struct oci *o)
{
	struct oci_container **c = oci_all_containers(o);
	for (size_t i = 0; c[i]; i++) {
		struct err err = ERR_INIT;
		if (!take_over(o, c[i])) {
			if (oci_container_remove(&o->rt, c[i]->id, &err) < 0)
				log_warn_err(&err, "could not remove what an earlier agent had begun",
					     "container=%s", c[i]->id);
		} else if (c[i]->init.pid && !c[i]->finished_ns) {
			oci_watch_container(o->watch, c[i]);
		}
		oci_container_unref(c[i]);
	}
	free(c);
}

static void adopt_sandboxes(struct oci *o)
{
	struct oci_sandbox **s = oci_all_sandboxes(o);
	for (size_t i = 0; s[i]; i++) {
		struct err err = ERR_INIT;
		if (!s[i]->complete) {
			if (oci_sandbox_remove(&o->rt, s[i]->id, &err) < 0)
				log_warn_err(&err, "could not remove what an earlier agent had begun",
					     "sandbox=%s", s[i]->id);
		} else if (oci_process_alive(&s[i]->pause)) {
			oci_watch_sandbox(o->watch, s[i]);
		}
		oci_sandbox_unref(s[i]);
	}
	free(s);
}

void oci_adopt(struct oci *o)
{
	adopt_containers(o);
	adopt_sandboxes(o);
}
