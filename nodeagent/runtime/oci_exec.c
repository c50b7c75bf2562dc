/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes that are put into a running container: `RUNTIME exec --detach`, whose child inherits our pipes (so that no
 * byte passes through a process of ours), or sends the master of its new terminal over a socket.
 *
 * Somebody has to be the parent of that child to learn how it ended, and neither the agent (which must not reap what is
 * not its own) nor the OCI runtime (ten megabytes each, while a shell is open) should: it is a keeper, a process forked
 * off the agent that makes itself subreaper, starts the OCI runtime, waits for the orphan and reports. It runs between
 * fork and exec of a process with threads: system calls only. It keeps the ended process as a zombie until the stream
 * is closed, so that the pid in the stream never becomes somebody else's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/clock.h"
#include "os/tree.h"
#include "runtime/oci_internal.h"
#include "runtime/runtime_internal.h"

#define CONFIG_MAX (4u << 20)
#define LOG_MAX 65536
#define START_NS (60 * NS_PER_S)

/* Everything the keeper needs, made before the fork. */
struct keeper {
	const char *const *argv;
	const char *pidfile;
	int in, out, errors; /* for the process; -1 = /dev/null */
	int report;
};

/* ---- the keeper ---- */

static void tell(int fd, int kind, int value)
{
	struct runtime_report r = {kind, value};
	(void)!send(fd, &r, sizeof(r), MSG_NOSIGNAL);
}

static void default_signals(void)
{
	sigset_t none;
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	for (int s = 1; s < NSIG; s++)
		(void)sigaction(s, &dfl, NULL);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) become_runtime(const struct keeper *k)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int fds[] = {k->in, k->out, k->errors};
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i] >= 0 ? fds[i] : null, i) < 0)
			_exit(127);
	(void)syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	execvp(k->argv[0], (char *const *)k->argv);
	_exit(127);
}

static pid_t read_pid(const char *path)
{
	char text[16];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	pid_t pid = 0;
	for (ssize_t i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		pid = pid * 10 + (text[i] - '0');
	return pid;
}

/* All others are closed: a pipe that the keeper held open would never come to its end. */
static void close_others(int keep)
{
	if (keep > 0)
		(void)syscall(SYS_close_range, 0U, (unsigned)keep - 1, 0);
	(void)syscall(SYS_close_range, (unsigned)keep + 1, ~0U, 0);
}

static void __attribute__((noreturn)) keep(const struct keeper *k)
{
	int st = 0;
	siginfo_t info = {0};
	setsid();
	default_signals();
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid_t runtime = fork();
	if (runtime == 0)
		become_runtime(k);
	close_others(k->report);
	while (runtime > 0 && waitpid(runtime, &st, 0) < 0 && errno == EINTR)
		;
	pid_t pid = runtime > 0 && st == 0 ? read_pid(k->pidfile) : 0;
	if (pid <= 0) {
		tell(k->report, RUNTIME_REPORT_FAILED, WIFEXITED(st) ? WEXITSTATUS(st) : 127);
		_exit(0);
	}
	tell(k->report, RUNTIME_REPORT_STARTED, pid);
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
		;
	bool exited = info.si_code == CLD_EXITED;
	tell(k->report, RUNTIME_REPORT_ENDED, exited ? info.si_status : 128 + info.si_status);
	struct pollfd closed = {.fd = k->report};
	while (poll(&closed, 1, -1) < 0 && errno == EINTR)
		;
	_exit(0);
}

/* The keeper is nobody's child but process 1's. */
static int start_keeper(const struct keeper *k, struct err *err)
{
	pid_t a = fork();
	if (a == 0) {
		if (fork() == 0)
			keep(k);
		_exit(0);
	}
	if (a < 0)
		return err_errno(err, "fork");
	while (waitpid(a, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* ---- the files and descriptors of one exec ---- */

struct exec {
	struct oci *o;
	struct oci_container *c; /* a reference */
	const struct runtime_exec_spec *spec;
	char *process, *pidfile, *log, *console; /* files in the container's directory */
	int listener, dir;
	int child[3];  /* the process's ends */
	int report[2]; /* ours, the keeper's */
	struct runtime_stream s;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void exec_release(struct exec *x)
{
	char *const files[] = {x->process, x->pidfile, x->log, x->console};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		if (files[i])
			(void)unlink(files[i]);
		free(files[i]);
	}
	int *const fds[] = {&x->listener, &x->dir,	 &x->child[0], &x->child[1],
			    &x->child[2], &x->report[0], &x->report[1]};
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close_fd(fds[i]);
	runtime_stream_close(&x->s);
	oci_container_unref(x->c);
}

/* config.json's process, with another command. */
static int write_process(const struct exec *x, struct err *err)
{
	autobuf struct buf text = BUF_INIT, out = BUF_INIT;
	autofree char *path = mem_printf("%s/config.json", x->c->dir);
	if (tree_read(path, CONFIG_MAX, &text, err) < 0)
		return -1;
	autojson js *config = js_parse(buf_str(&text), text.len, NULL, err);
	js *process = js_obj(config, "process", NULL), *args = js_new_arr();
	for (size_t i = 0; x->spec->argv[i]; i++)
		js_push(args, js_new_str(x->spec->argv[i]));
	if (!process) {
		js_autoput(&args);
		return err_set(err, REASON_INTERNAL, "container %s has no process", x->c->id);
	}
	js_set(process, "args", args);
	js_set_bool(process, "terminal", x->spec->tty);
	if (x->spec->tty)
		js_push(js_ensure_arr(process, "env"), js_new_str("TERM=xterm"));
	js_write(&out, process);
	return tree_write(x->process, out.p, out.len, 0600, TREE_VOLATILE, err);
}

/* Where the OCI runtime sends the terminal. A socket's name is short: the directory goes by a descriptor. */
static int listen_console(struct exec *x, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	char id[RUNTIME_ID_MAX];
	runtime_new_id(&x->o->rt, id);
	x->console = mem_printf("%s/tty.%.8s", x->c->dir, id);
	x->dir = open(x->c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/%d/fd/%d/tty.%.8s", (int)getpid(), x->dir, id);
	x->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (x->dir < 0 || x->listener < 0 || bind(x->listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(x->listener, 1) < 0)
		return err_errno(err, "console socket");
	free(x->console);
	x->console = mem_strdup(a.sun_path);
	return 0;
}

static int pipe_of(uint32_t owner, int *ours, int *theirs, bool input, struct err *err)
{
	int p[2];
	if (pipe2(p, O_CLOEXEC) < 0)
		return err_errno(err, "pipe");
	if (owner)
		(void)!fchown(p[0], owner, (gid_t)-1);
	*ours = p[input];
	*theirs = p[!input];
	return fcntl(*ours, F_SETFL, O_NONBLOCK) < 0 ? err_errno(err, "pipe") : 0;
}

static int open_descriptors(struct exec *x, struct err *err)
{
	const struct runtime_exec_spec *s = x->spec;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, x->report) < 0)
		return err_errno(err, "socketpair");
	if (s->tty)
		return listen_console(x, err);
	if ((s->in && pipe_of(x->c->owner, &x->s.in, &x->child[0], true, err) < 0) ||
	    (s->out && pipe_of(x->c->owner, &x->s.out, &x->child[1], false, err) < 0) ||
	    (s->errors && pipe_of(x->c->owner, &x->s.errors, &x->child[2], false, err) < 0))
		return -1;
	return 0;
}

/* ---- the beginning ---- */

/* The master of the terminal, out of the runtime's message. */
static int take_terminal(struct exec *x, struct err *err)
{
	autoclose int from = accept4(x->listener, NULL, NULL, SOCK_CLOEXEC);
	char text[256], control[CMSG_SPACE(sizeof(int))];
	struct iovec v = {text, sizeof(text)};
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	if (from < 0 || recvmsg(from, &m, MSG_CMSG_CLOEXEC) < 0)
		return err_errno(err, "console socket");
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	if (!h || h->cmsg_type != SCM_RIGHTS || h->cmsg_len != CMSG_LEN(sizeof(int)))
		return err_set(err, REASON_INTERNAL, "the OCI runtime sent no terminal");
	memcpy(&x->s.out, CMSG_DATA(h), sizeof(int));
	close_fd(&x->listener);
	x->s.in = fcntl(x->s.out, F_DUPFD_CLOEXEC, 0);
	x->s.control = fcntl(x->s.out, F_DUPFD_CLOEXEC, 0);
	(void)fcntl(x->s.out, F_SETFL, O_NONBLOCK);
	return x->s.in < 0 || x->s.control < 0 ? err_errno(err, "terminal") : 0;
}

/* Why it did not start: the OCI runtime's log, a line of JSON for each message. */
static int start_error(const struct exec *x, int code, struct err *err)
{
	autobuf struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;
	if (tree_read(x->log, LOG_MAX, &text, &ignored) < 0)
		buf_clear(&text);
	const char *last = text.len ? strrchr(buf_str(&text), '{') : NULL;
	autojson js *o = last ? js_parse(last, strlen(last), NULL, &ignored) : NULL;
	const char *msg = js_str(o, "msg", NULL);
	return err_set(err, REASON_INVALID, "OCI runtime exec failed: %.400s",
		       msg	     ? msg
		       : code == 127 ? "the OCI runtime could not be run"
				     : "no reason given");
}

static int await_start(struct exec *x, struct err *err)
{
	int64_t deadline = clock_mono_ns() + START_NS;
	struct runtime_report r = {0};
	for (;;) {
		struct pollfd p[] = {{.fd = x->report[0], .events = POLLIN},
				     {.fd = x->listener, .events = POLLIN}};
		int64_t left = (deadline - clock_mono_ns()) / NS_PER_MS;
		if (left <= 0)
			return err_set(err, REASON_TIMEOUT,
				       "the OCI runtime did not start the process in time");
		if (poll(p, ARRAY_LEN(p), (int)left) <= 0)
			continue;
		if (p[1].revents && take_terminal(x, err) < 0)
			return -1;
		if (!p[0].revents)
			continue;
		if (recv(x->report[0], &r, sizeof(r), 0) != (ssize_t)sizeof(r) ||
		    r.kind != RUNTIME_REPORT_STARTED)
			return start_error(x, r.value, err);
		x->s.pid = r.value;
		return x->spec->tty && x->s.out < 0
			       ? err_set(err, REASON_INTERNAL, "the OCI runtime sent no terminal")
			       : 0;
	}
}

static int launch(struct exec *x, struct err *err)
{
	autofree char *root = mem_printf("--root=%s/runtime", x->o->c.root),
		      *log = mem_printf("--log=%s", x->log);
	const char *argv[16] = {x->c->program, root,	    log,	"--log-format=json", "exec",
				"--detach",    "--process", x->process, "--pid-file",	     x->pidfile};
	size_t n = 10;
	if (x->spec->tty) {
		argv[n++] = "--console-socket";
		argv[n++] = x->console;
	}
	argv[n] = x->c->id;
	struct keeper k = {.argv = argv,
			   .pidfile = x->pidfile,
			   .in = x->child[0],
			   .out = x->child[1],
			   .errors = x->child[2],
			   .report = x->report[1]};
	if (start_keeper(&k, err) < 0)
		return -1;
	for (int i = 0; i < 3; i++)
		close_fd(&x->child[i]);
	close_fd(&x->report[1]);
	return await_start(x, err);
}

static bool runs(struct oci *o, struct oci_container *c)
{
	struct runtime_container st;
	oci_container_inspect(o, c, &st);
	return st.state == RUNTIME_RUNNING;
}

int oci_exec(struct runtime *rt, const char *id, const struct runtime_exec_spec *spec,
	     struct runtime_stream *ret, struct err *err)
{
	struct oci *o = (struct oci *)rt;
	struct exec x = {.o = o,
			 .c = oci_container_find(o, id),
			 .spec = spec,
			 .listener = -1,
			 .dir = -1,
			 .child = {-1, -1, -1},
			 .report = {-1, -1}};
	char name[RUNTIME_ID_MAX];
	runtime_stream_init(&x.s);
	runtime_new_id(rt, name);
	int rc = x.c && runs(o, x.c) ? 0 : err_set(err, REASON_NOT_FOUND, "container %s is not running", id);
	if (rc == 0) {
		x.process = mem_printf("%s/exec.%.8s.json", x.c->dir, name);
		x.pidfile = mem_printf("%s/exec.%.8s.pid", x.c->dir, name);
		x.log = mem_printf("%s/exec.%.8s.log", x.c->dir, name);
		if (write_process(&x, err) < 0 || open_descriptors(&x, err) < 0 || launch(&x, err) < 0)
			rc = -1;
	}
	if (rc == 0) {
		x.s.status = x.report[0];
		x.report[0] = -1;
		*ret = x.s;
		runtime_stream_init(&x.s);
	}
	exec_release(&x);
	return rc;
}

/* ---- to the end ---- */

/* False at the end of that channel. */
static bool drain(struct runtime_stream *s, int fd, struct buf *to)
{
	char tmp[8192];
	enum runtime_channel ignored;
	ssize_t n = runtime_stream_read(s, fd, tmp, sizeof(tmp), &ignored);
	if (n > 0)
		buf_add(to, tmp, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void take_output(struct runtime_stream *s, const struct pollfd *p, struct runtime_exec_result *ret)
{
	if (p[0].revents && !drain(s, s->out, ret->out))
		close_fd(&s->out);
	if (p[1].revents && !drain(s, s->errors, ret->errors))
		close_fd(&s->errors);
}

/* Until the process has ended and what it wrote is read; what it left behind may hold the pipes for ever. When its time is
   over, what is there is still taken. */
static int converse(struct runtime_stream *s, int64_t deadline, struct runtime_exec_result *ret)
{
	for (;;) {
		struct pollfd p[] = {{.fd = s->out, .events = POLLIN},
				     {.fd = s->errors, .events = POLLIN},
				     {.fd = s->status, .events = POLLIN}};
		int64_t left = deadline - clock_mono_ns();
		int n = poll(p, ARRAY_LEN(p), left > 0 ? (int)(left / NS_PER_MS) + 1 : 0);
		if (n > 0)
			take_output(s, p, ret);
		if (n > 0 && p[2].revents && !(p[0].revents & POLLIN) && !(p[1].revents & POLLIN) &&
		    runtime_stream_ended(s, &ret->exit_code))
			return 0;
		if (left <= 0)
			return -1;
	}
}

int oci_exec_sync(struct runtime *rt, const char *id, const char *const *argv, int64_t timeout_ns,
		  struct runtime_exec_result *ret, struct err *err)
{
	const struct runtime_exec_spec spec = {
		.argv = argv, .out = ret->out != NULL, .errors = ret->errors != NULL};
	struct runtime_stream s;
	int64_t deadline = clock_mono_ns() + timeout_ns;
	if (oci_exec(rt, id, &spec, &s, err) < 0)
		return -1;
	int rc = converse(&s, deadline, ret);
	if (rc < 0) {
		(void)kill(s.pid, SIGKILL); /* the keeper holds its pid */
		(void)err_set(err, REASON_TIMEOUT, "command \"%.100s\" timed out", argv[0]);
	}
	runtime_stream_close(&s);
	return rc;
}
