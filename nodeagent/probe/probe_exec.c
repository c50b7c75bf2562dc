/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command in the container (pkg/probe/exec): exit code 0 is a success, another one a failure, and when it cannot be run
 * nobody knows. Starting it blocks and is a job; then its output and its end are descriptors on the loop, so a command that
 * hangs costs no thread. A run that is given up while its job is under way leaves the job behind, which cleans up.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "probe/probe_internal.h"

struct exec_run;
struct exec_job {
	struct exec_run *run; /* NULL: nobody waits any more */
	struct runtime *rt;
	struct arena arena;
	const char *container;
	const char *const *argv;
	bool kill;
	struct runtime_stream s;
	struct err err;
};

struct exec_run {
	struct probe_run r;
	struct exec_job *job; /* while it is starting */
	struct loop_job *at_work;
	struct runtime_stream s;
	struct loop_io out, errors, status;
	struct buf output, error_output;
};

/* ---- starting ---- */

static void work(void *arg)
{
	struct exec_job *j = arg;
	const struct runtime_exec_spec spec = {.argv = j->argv, .out = true, .errors = true};
	/* Withdrawn before it began, it has nothing to say. */
	if (j->rt->ops->exec(j->rt, j->container, &spec, &j->s, &j->err) < 0)
		runtime_stream_init(&j->s);
}

static void converse(struct exec_run *x);

static void done(void *arg)
{
	struct exec_job *j = arg;
	struct exec_run *x = j->run;
	struct err err = j->err;
	if (x) {
		x->s = j->s;
		x->job = NULL;
	} else {
		if (j->kill && j->s.pid > 0)
			(void)kill(j->s.pid, SIGKILL); /* the stream holds its pid */
		runtime_stream_close(&j->s);
	}
	arena_release(&j->arena);
	free(j);
	if (x && err.reason != REASON_NONE)
		probe_end_text(&x->r, PROBE_ERRORED, "%s", err.msg);
	else if (x)
		converse(x);
}

static void start(struct probe_run *r)
{
	struct exec_run *x = (struct exec_run *)r;
	struct exec_job *j = MEM_NEW(struct exec_job);
	size_t n = 0;
	runtime_stream_init(&x->s);
	x->output = x->error_output = (struct buf)BUF_INIT_MAX(PROBE_OUTPUT_MAX);
	runtime_stream_init(&j->s);
	j->run = x;
	j->rt = r->host->rt;
	j->container = arena_strdup(&j->arena, r->rq.container);
	while (r->rq.argv[n])
		n++;
	const char **argv = arena_array(&j->arena, n + 1, sizeof(*argv));
	for (size_t i = 0; i < n; i++)
		argv[i] = arena_strdup(&j->arena, r->rq.argv[i]);
	j->argv = argv;
	x->job = j;
	if (!n) {
		(void)err_set(&j->err, REASON_INVALID, "no command");
		loop_post(r->host->loop, done, j);
		return;
	}
	x->at_work = loop_job(r->host->loop, r->host->exec_lane, work, done, j);
}

/* ---- running ---- */

static void unwatch(struct loop_io *io, int *fd)
{
	loop_io_stop(io);
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* All that is there; what is more than is wanted is dropped. */
static void drain(struct exec_run *x, struct loop_io *io, int *fd, struct buf *to)
{
	char p[4096];
	enum runtime_channel ignored;
	ssize_t n = 0;
	while (*fd >= 0 && (n = runtime_stream_read(&x->s, *fd, p, sizeof(p), &ignored)) > 0)
		buf_add(to, p, to->len + (size_t)n <= to->max ? (size_t)n : to->max - to->len);
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		unwatch(io, fd);
}

static void on_out(void *arg, unsigned events)
{
	struct exec_run *x = arg;
	drain(x, &x->out, &x->s.out, &x->output);
}

static void on_errors(void *arg, unsigned events)
{
	struct exec_run *x = arg;
	drain(x, &x->errors, &x->s.errors, &x->error_output);
}

/* What it wrote is in the pipes by now; what it left behind may hold them open for ever. */
static void on_status(void *arg, unsigned events)
{
	struct exec_run *x = arg;
	int code = -1;
	if (!runtime_stream_ended(&x->s, &code))
		return;
	on_out(x, 0);
	on_errors(x, 0);
	size_t room = PROBE_OUTPUT_MAX - x->output.len;
	buf_add(&x->output, buf_str(&x->error_output),
		x->error_output.len < room ? x->error_output.len : room);
	if (code < 0)
		probe_end_text(&x->r, PROBE_ERRORED, "nobody knows how the command ended");
	else
		probe_end(&x->r, &(struct probe_answer){.verdict = code ? PROBE_FAILED : PROBE_PASSED,
							.text = buf_str(&x->output),
							.exit_code = code,
							.state = code ? "failure" : "success"});
}

static int watch(struct exec_run *x, struct loop_io *io, int fd, void (*fn)(void *, unsigned),
		 struct err *err)
{
	*io = (struct loop_io){.fn = fn, .arg = x};
	return fd < 0 ? 0 : loop_io_start(x->r.host->loop, io, fd, LOOP_READ, err);
}

static void converse(struct exec_run *x)
{
	struct err err = ERR_INIT;
	if (watch(x, &x->out, x->s.out, on_out, &err) < 0 ||
	    watch(x, &x->errors, x->s.errors, on_errors, &err) < 0 ||
	    watch(x, &x->status, x->s.status, on_status, &err) < 0)
		probe_end_text(&x->r, PROBE_ERRORED, "%s", err.msg);
}

/* ---- the end ---- */

static void expire(struct probe_run *r)
{
	autobuf struct buf command = BUF_INIT;
	char timeout[32];
	probe_timeout_text(r, timeout);
	for (size_t i = 0; r->rq.argv[i]; i++)
		buf_addf(&command, "%s%s", i ? " " : "", r->rq.argv[i]);
	autobuf struct buf quoted = BUF_INIT;
	buf_add_json_string(&quoted, buf_str(&command), command.len);
	probe_end_text(r, PROBE_FAILED, "command timed out: %s timed out after %s", buf_str(&quoted),
		       timeout);
}

static void release(struct probe_run *r, bool kill_it)
{
	struct exec_run *x = (struct exec_run *)r;
	if (x->job) {
		x->job->run = NULL;
		x->job->kill = kill_it;
		if (x->at_work)
			loop_job_withdraw(x->at_work);
	}
	int ignored;
	if (kill_it && x->s.pid > 0 && x->s.status >= 0 && !runtime_stream_ended(&x->s, &ignored))
		(void)kill(x->s.pid, SIGKILL);
	loop_io_stop(&x->out);
	loop_io_stop(&x->errors);
	loop_io_stop(&x->status);
	runtime_stream_close(&x->s);
	buf_release(&x->output);
	buf_release(&x->error_output);
}

const struct probe_way probe_exec = {
	.size = sizeof(struct exec_run), .start = start, .expire = expire, .release = release};
