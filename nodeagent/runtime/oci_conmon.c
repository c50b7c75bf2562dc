/* SPDX-License-Identifier: Apache-2.0 */
/*
 * conmon is the container's parent: it holds its output, writes the log in the CRI's format, waits for it and
 * leaves its exit code in a file. It is started here, tells the container's pid (or why there is none)
 * through a pipe, and lives its own life afterwards; so do the containers when this agent is replaced.
 *
 * Afterwards it is moved into the Pod's cgroup, so that nothing of a Pod stays in the agent's own (where a
 * service manager would kill it together with the agent). Not before: the kernel makes the first move in a
 * while wait, and the runtime's own move of the container has then been that first one.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "os/process.h"
#include "runtime/oci_internal.h"
#include "os/tree.h"

#define MESSAGE_MAX 65536
#define CREATE_NS (120 * NS_PER_S)

static const char **make_argv(const struct oci *o, const struct oci_container *c, char **paths)
{
	size_t n = 0;
	const char **v = mem_array(40, sizeof(*v));
	const char *const fixed[] = {o->conmon,
				     "--api-version",
				     "1",
				     "-c",
				     c->id,
				     "-u",
				     c->id,
				     "-n",
				     c->name,
				     "-r",
				     c->program,
				     "--runtime-arg",
				     paths[0],
				     "-b",
				     c->dir,
				     "-p",
				     paths[1],
				     "-P",
				     paths[2],
				     "-l",
				     paths[3],
				     "--exit-dir",
				     paths[4],
				     "--persist-dir",
				     c->dir,
				     "--full-attach",
				     "--no-sync-log",
				     "--log-level",
				     "error"};
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		v[n++] = fixed[i];
	if (paths[5]) { /* then it begins the file anew */
		v[n++] = "--log-size-max";
		v[n++] = paths[5];
	}
	if (c->tty)
		v[n++] = "-t";
	if (c->stdin_open)
		v[n++] = "-i";
	if (c->stdin_open && !c->stdin_once)
		v[n++] = "--leave-stdin-open";
	return v;
}

static int spawn_conmon(struct oci *o, struct oci_container *c, int sync_fd, struct buf *errors,
			struct err *err)
{
	char *paths[] = {mem_printf("--root=%s/runtime", o->c.root),
			 mem_printf("%s/pidfile", c->dir),
			 mem_printf("%s/conmon.pid", c->dir),
			 mem_printf("k8s-file:%s", c->log_path),
			 mem_printf("%s/exits", o->c.root),
			 o->c.log_max > 0 ? mem_printf("%lld", (long long)o->c.log_max) : NULL};
	const char **argv = make_argv(o, c, paths);
	const char *search = getenv("PATH");
	autofree char *env_path = mem_printf("PATH=%s", search ? search : "/usr/sbin:/usr/bin:/sbin:/bin");
	struct process_spec s = {.argv = argv,
				 .env = (const char *const[]){env_path, "_OCI_SYNCPIPE=3", NULL},
				 .dir = c->dir, /* it marks an OOM kill by a file where it stands */
				 .errors = errors,
				 .pass_fd = {sync_fd},
				 .n_pass_fd = 1};
	int status, rc = process_run(&s, &status, err);
	if (rc == 0 && status)
		rc = err_set(err, REASON_INTERNAL, "conmon exited with status %d: %.300s", status,
			     buf_str(errors));
	free(argv);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		free(paths[i]);
	return rc;
}

/* One line of JSON: {"data": PID} or {"data": -1, "message": "…"}. conmon keeps its end open while it lives.
 */
static int read_message(int fd, struct buf *out, struct err *err)
{
	int64_t deadline = clock_mono_ns() + CREATE_NS;
	char tmp[4096];
	out->max = MESSAGE_MAX;
	for (;;) {
		struct pollfd pfd = {.fd = fd, .events = POLLIN};
		int64_t left = (deadline - clock_mono_ns()) / NS_PER_MS;
		if (left <= 0)
			return err_set(err, REASON_TIMEOUT,
				       "the OCI runtime did not create the container in time");
		if (poll(&pfd, 1, (int)left) <= 0)
			continue;
		ssize_t n = read(fd, tmp, sizeof(tmp));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		buf_add(out, tmp, (size_t)n);
		if (memchr(tmp, '\n', (size_t)n))
			return 0;
	}
}

/* runc logs `time="…" level=error msg="…"`; people want the msg. */
static void plain_message(const char *raw, struct buf *out)
{
	const char *p = strstr(raw, "level=error msg=\"");
	if (!p) {
		buf_adds(out, raw);
	} else {
		for (p += strlen("level=error msg=\""); *p && *p != '"'; p++) {
			if (*p == '\\' && p[1])
				p++;
			buf_addc(out, *p);
		}
	}
	while (out->len && (out->p[out->len - 1] == '\n' || out->p[out->len - 1] == ' '))
		buf_truncate(out, out->len - 1);
}

static int parse_message(const struct buf *b, pid_t *ret, struct err *err)
{
	struct err ignored = ERR_INIT;
	autojson js *o = b->len ? js_parse(b->p, b->len, NULL, &ignored) : NULL;
	int64_t pid = o ? js_int(o, js_int(o, -1, "pid", NULL), "data", NULL) : -1;
	if (pid > 0 && pid <= INT32_MAX) {
		*ret = (pid_t)pid;
		return 0;
	}
	autobuf struct buf text = BUF_INIT;
	plain_message(o ? js_str0(o, "message", NULL) : buf_str(b), &text);
	return err_set(err, REASON_INTERNAL, "OCI runtime create failed: %.400s",
		       text.len ? text.p : "conmon gave no reason");
}

static struct oci_process read_pidfile(const struct oci_container *c)
{
	struct oci_process p = {0};
	struct err ignored = ERR_INIT;
	autobuf struct buf b = BUF_INIT;
	autofree char *path = mem_printf("%s/conmon.pid", c->dir);
	if (tree_read(path, 64, &b, &ignored) == 0) {
		p.pid = (pid_t)strtol(buf_str(&b), NULL, 10);
		p.start = p.pid > 0 ? process_start_time(p.pid) : 0;
	}
	return p;
}

int oci_conmon_create(struct oci *o, struct oci_container *c, struct err *err)
{
	autobuf struct buf errors = BUF_INIT_MAX(MESSAGE_MAX), message = BUF_INIT;
	pid_t pid = 0;
	int sync[2];
	if (pipe2(sync, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	int rc = spawn_conmon(o, c, sync[1], &errors, err);
	close(sync[1]);
	if (rc == 0)
		rc = read_message(sync[0], &message, err);
	close(sync[0]);
	if (rc == 0)
		rc = parse_message(&message, &pid, err);
	if (rc < 0)
		return -1;
	struct oci_process conmon = read_pidfile(c);
	pthread_mutex_lock(&o->lock);
	c->init = (struct oci_process){.pid = pid, .start = process_start_time(pid)};
	c->conmon = conmon;
	pthread_mutex_unlock(&o->lock);
	if (!oci_process_alive(&conmon))
		return err_set(err, REASON_INTERNAL, "conmon ended at once");
	autofree char *leaf = mem_printf("%.*s/pause", (int)(strrchr(c->cgroup, '/') - c->cgroup), c->cgroup);
	return oci_cgroup_enter(o->cgroups, leaf, conmon.pid, err);
}

/* ---- the OCI runtime's own commands ---- */

static int run_runtime(struct oci *o, const struct oci_container *c, const char *const *args, struct err *err)
{
	autofree char *root = mem_printf("--root=%s/runtime", o->c.root);
	autobuf struct buf errors = BUF_INIT_MAX(MESSAGE_MAX), text = BUF_INIT;
	const char *argv[8] = {c->program, root};
	for (size_t i = 0; i < 5 && args[i]; i++)
		argv[2 + i] = args[i];
	struct process_spec s = {
		.argv = argv, .errors = &errors, .pass_fd = {o->lock_fd}, .n_pass_fd = o->lock_fd >= 0};
	int status;
	if (process_run(&s, &status, err) < 0)
		return -1;
	if (!status)
		return 0;
	plain_message(buf_str(&errors), &text);
	return err_set(err, REASON_INTERNAL, "OCI runtime %s failed: %.400s", args[0], buf_str(&text));
}

int oci_runtime_start(struct oci *o, const struct oci_container *c, struct err *err)
{
	return run_runtime(o, c, (const char *const[]){"start", c->id, NULL}, err);
}

int oci_runtime_delete(struct oci *o, const struct oci_container *c, struct err *err)
{
	autofree char *dir = mem_printf("%s/runtime/%s", o->c.root, c->id);
	if (access(dir, F_OK) < 0)
		return 0;
	return run_runtime(o, c, (const char *const[]){"delete", "--force", c->id, NULL}, err);
}
