/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First the client's streams are waited for, then the process is begun on a lane, then bytes move: output as long as the
 * connection is not full, input as long as little of it waits for the process. The process's end is one event among
 * others; the session is over once output is drained, too.
 */
#include "stream/remotecommand.h"

#include <errno.h>
#include <stdlib.h>
#include "object/json.h"
#include "stream/conn.h"

enum { IN, OUT, ERRORS, STATUS, RESIZE, STREAMS }; /* the channels' numbers, too */
enum { PIECE = 32 * 1024, PIECES_MAX = 8 /* before others have their turn */, RESIZE_MAX = 512 };
#define INPUT_FULL (64 * 1024)

/* The job that begins the process; it outlives a session that is freed meanwhile. */
struct beginning {
	struct remote *r; /* NULL: nobody waits for it */
	struct loop_job *job;
	int (*begin)(void *arg, struct runtime_stream *ret, struct err *err);
	void (*begun)(void *arg);
	void *arg;
	struct runtime_stream s;
	struct err err;
	int rc;
};

struct output {
	struct remote *r;
	struct loop_io io;
	int fd;
	bool open; /* more may come */
};

struct remote {
	struct session session;
	struct remotecommand_config c;
	struct conn conn;
	struct loop_timer patience;
	uint32_t id[STREAMS];
	bool wanted[STREAMS], there[STREAMS];
	struct beginning *beginning;
	bool running, exited, finished;
	int code;
	struct runtime_stream s;
	struct output out, errors;
	struct loop_io in_io, status_io;
	struct buf input, resize;
	bool input_ended, watches_in;
};

/* ---- the end ---- */

static void send_status(struct remote *r, int code, const char *message)
{
	autojson js *o = js_new_obj();
	autobuf struct buf text = BUF_INIT;
	bool success = code == 0 && !message;
	js_set(o, "metadata", js_new_obj());
	js_set_str(o, "status", success ? "Success" : "Failure");
	if (!success) {
		js *details = js_new_obj(), *causes = js_new_arr(), *cause = js_new_obj();
		autofree char *exit = mem_printf("%d", code);
		autofree char *told =
			message ? mem_printf("Internal error occurred: %s", message)
				: mem_printf("command terminated with non-zero exit code: error "
					     "executing command %s, exit code %d",
					     r->c.command, code);
		js_set_str(o, "message", told);
		js_set_str(o, "reason", message ? "InternalError" : "NonZeroExitCode");
		if (!message)
			js_set_str(cause, "reason", "ExitCode");
		js_set_str(cause, "message", message ? message : exit);
		js_push(causes, cause);
		js_set(details, "causes", causes);
		js_set(o, "details", details);
		if (message)
			js_set_int(o, "code", 500);
		if (r->c.version >= REMOTECOMMAND_V4)
			js_write(&text, o);
		else
			buf_adds(&text, told);
	} else if (r->c.version >= REMOTECOMMAND_V4) {
		js_write(&text, o);
	}
	if (text.len)
		mux_send(r->conn.mux, r->id[STATUS], text.p, text.len);
}

static void stop_output(struct output *o)
{
	loop_io_stop(&o->io);
	o->open = false;
}

static void stop_process(struct remote *r)
{
	loop_timer_set(r->c.s.loop, &r->patience, CLOCK_NEVER);
	stop_output(&r->out);
	stop_output(&r->errors);
	loop_io_stop(&r->in_io);
	loop_io_stop(&r->status_io);
	if (r->running)
		runtime_stream_close(&r->s);
	r->running = false;
}

/* message NULL: it ended with this code. */
static void finish(struct remote *r, int code, const char *message)
{
	if (r->finished)
		return;
	r->finished = true;
	stop_process(r);
	send_status(r, code, message);
	for (int i = OUT; i <= STATUS; i++)
		if (r->there[i])
			mux_end(r->conn.mux, r->id[i]);
	conn_finish(&r->conn);
}

static void on_gone(void *arg)
{
	struct remote *r = arg;
	r->finished = true;
	stop_process(r);
	r->c.s.over(r->c.s.arg);
}

/* ---- output ---- */

static void set_interest(struct output *o)
{
	const struct remote *r = o->r;
	bool room = r->s.in == o->fd && r->input.len;
	if (o->open)
		loop_io_set(&o->io, (conn_full(&r->conn) ? 0 : LOOP_READ) | (room ? LOOP_WRITE : 0));
}

/* All that the process has said, or as much as may wait for the client. */
static void pump(struct output *o, int stream)
{
	struct remote *r = o->r;
	char piece[PIECE];
	int pieces = 0;
	while (o->open && !conn_full(&r->conn) && pieces++ < PIECES_MAX) {
		enum runtime_channel from;
		ssize_t n = runtime_stream_read(&r->s, o->fd, piece, sizeof(piece), &from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && !r->exited)
			break;
		if (n <= 0) {
			stop_output(o);
			break;
		}
		int to = from == RUNTIME_STDERR ? ERRORS : stream;
		if (r->there[to])
			mux_send(r->conn.mux, r->id[to], piece, (size_t)n);
	}
}

static void move_output(struct remote *r)
{
	pump(&r->out, OUT);
	pump(&r->errors, ERRORS);
	conn_flush(&r->conn);
	if (r->finished)
		return;
	set_interest(&r->out);
	set_interest(&r->errors);
	if (r->out.open || r->errors.open)
		return;
	if (r->exited)
		finish(r, r->code, r->code < 0 ? "the container's end was not seen" : NULL);
	else if (r->s.status < 0)
		finish(r, 0, NULL);
}

static void move_input(struct remote *r);

static void on_output(void *arg, unsigned events)
{
	struct remote *r = ((struct output *)arg)->r;
	if (events & LOOP_WRITE)
		move_input(r);
	if (r->running)
		move_output(r);
}

static void on_drained(void *arg)
{
	struct remote *r = arg;
	if (r->running)
		move_output(r);
}

static void on_process_end(void *arg, unsigned events)
{
	struct remote *r = arg;
	if (!runtime_stream_ended(&r->s, &r->code))
		return;
	r->exited = true;
	loop_io_stop(&r->status_io);
	move_output(r);
}

/* ---- input ---- */

static void end_input(struct remote *r)
{
	loop_io_stop(&r->in_io);
	r->watches_in = false;
	buf_release(&r->input);
	if (r->s.in >= 0)
		runtime_stream_end_input(&r->s);
}

/* What the process does not take now waits; one that will take none any more gets none. */
static void move_input(struct remote *r)
{
	struct err ignored = ERR_INIT;
	size_t done = 0;
	bool takes = r->running && r->s.in >= 0;
	while (takes && done < r->input.len) {
		ssize_t n = runtime_stream_write(&r->s, r->input.p + done, r->input.len - done);
		if (n < 0 && errno == EAGAIN)
			break;
		takes = n >= 0 || errno == EINTR;
		done += n > 0 ? (size_t)n : 0;
	}
	buf_consume(&r->input, done);
	if (r->running && (!takes || (r->input_ended && !r->input.len)))
		end_input(r);
	/* An attached container's output and input are one socket, which is watched once. */
	if (r->running && r->s.in >= 0 && r->s.in == r->s.out)
		set_interest(&r->out);
	else if (r->input.len && r->running && !r->watches_in)
		r->watches_in = loop_io_start(r->c.s.loop, &r->in_io, r->s.in, 0, &ignored) == 0;
	if (r->watches_in)
		loop_io_set(&r->in_io, r->input.len ? LOOP_WRITE : 0);
	conn_pause(&r->conn, r->input.len >= INPUT_FULL);
}

static void on_input_room(void *arg, unsigned events)
{
	move_input(arg);
}

static void take_size(struct remote *r, const char *p, size_t n)
{
	struct err ignored = ERR_INIT;
	autojson js *o = js_parse(p, n, NULL, &ignored);
	int width = (int)js_int(o, -1, "Width", NULL), height = (int)js_int(o, -1, "Height", NULL);
	if (width < 0 || height < 0 || runtime_stream_resize(&r->s, width, height, &ignored) < 0)
		return; /* nonsense leaves the terminal as it is */
}

/* A JSON object each. The last one of what came before the process began is the one that counts. */
static void take_sizes(struct remote *r)
{
	const char *end;
	size_t done = 0;
	while (r->running && r->resize.len && (end = memchr(r->resize.p + done, '}', r->resize.len - done))) {
		size_t n = (size_t)(end + 1 - (r->resize.p + done));
		take_size(r, r->resize.p + done, n);
		done += n;
	}
	buf_consume(&r->resize, done);
}

static void on_data(void *arg, uint32_t stream, const char *p, size_t n)
{
	struct remote *r = arg;
	if (r->finished)
		return;
	if (r->there[IN] && stream == r->id[IN] && !r->input_ended && (!r->running || r->s.in >= 0)) {
		buf_add(&r->input, p, n);
		move_input(r);
	} else if (r->there[RESIZE] && stream == r->id[RESIZE] && r->resize.len + n <= RESIZE_MAX) {
		buf_add(&r->resize, p, n);
		take_sizes(r);
	}
}

static void on_ended(void *arg, uint32_t stream)
{
	struct remote *r = arg;
	if (r->finished || !r->there[IN] || stream != r->id[IN])
		return;
	r->input_ended = true;
	move_input(r);
}

/* ---- the beginning ---- */

static void watch(struct remote *r, struct output *o, int fd, struct err *err)
{
	*o = (struct output){.r = r, .io = {.fn = on_output, .arg = o}, .fd = fd};
	if (fd >= 0)
		o->open = loop_io_start(r->c.s.loop, &o->io, fd, LOOP_READ, err) == 0;
}

static void run(struct remote *r)
{
	struct err err = ERR_INIT;
	r->running = true;
	watch(r, &r->out, r->s.out, &err);
	watch(r, &r->errors, r->s.errors, &err);
	r->in_io = (struct loop_io){.fn = on_input_room, .arg = r};
	r->status_io = (struct loop_io){.fn = on_process_end, .arg = r};
	if (r->s.status >= 0)
		(void)loop_io_start(r->c.s.loop, &r->status_io, r->s.status, LOOP_READ, &err);
	if (err.reason != REASON_NONE) {
		finish(r, 0, err.msg);
		return;
	}
	if (!r->wanted[IN])
		r->input_ended = true;
	take_sizes(r);
	move_input(r);
}

static void begin_work(void *arg)
{
	struct beginning *b = arg;
	b->rc = b->begin(b->arg, &b->s, &b->err);
}

static void begin_done(void *arg)
{
	struct beginning *b = arg;
	struct remote *r = b->r;
	if (r)
		r->beginning = NULL;
	if (b->rc == 0 && (!r || r->finished)) {
		runtime_stream_close(&b->s);
	} else if (b->rc == 0) {
		r->s = b->s;
		run(r);
	} else if (r && !r->finished) {
		autofree char *text = mem_printf("%s: %s", r->c.failing, b->err.msg);
		finish(r, 0, text);
	}
	b->begun(b->arg);
	free(b);
}

static void begin(struct remote *r)
{
	struct beginning *b = MEM_NEW(struct beginning);
	*b = (struct beginning){.r = r, .rc = -1, .begin = r->c.begin, .begun = r->c.begun, .arg = r->c.arg};
	r->c.begun = NULL;
	r->beginning = b;
	loop_timer_set(r->c.s.loop, &r->patience, CLOCK_NEVER);
	b->job = loop_job(r->c.s.loop, r->c.s.lane, begin_work, begin_done, b);
}

static void begin_when_complete(struct remote *r)
{
	for (int i = 0; i < STREAMS; i++)
		if (r->wanted[i] && !r->there[i])
			return;
	if (!r->beginning && !r->running && r->c.begun)
		begin(r);
}

static bool on_opened(void *arg, uint32_t stream, const struct spdy_headers *h)
{
	static const char *const types[STREAMS] = {"stdin", "stdout", "stderr", "error", "resize"};
	struct remote *r = arg;
	const char *type = spdy_header(h, "streamtype");
	for (int i = 0; type && i < STREAMS; i++)
		if (!strcmp(types[i], type)) {
			if (r->there[i] || !r->wanted[i])
				return !r->there[i];
			r->there[i] = true;
			r->id[i] = stream;
			begin_when_complete(r);
			return true;
		}
	return type != NULL;
}

static void on_impatience(void *arg)
{
	struct remote *r = arg;
	conn_finish(&r->conn);
}

static void free_remote(struct session *s)
{
	struct remote *r = (struct remote *)s;
	r->finished = true;
	stop_process(r);
	if (r->beginning) {
		r->beginning->r = NULL;
		loop_job_withdraw(
			r->beginning->job); /* whoever left while he waited has nothing run any more */
	}
	if (r->c.begun)
		r->c.begun(r->c.arg);
	conn_release(&r->conn);
	buf_release(&r->input);
	buf_release(&r->resize);
	free(r);
}

/* All channels are there; an empty message tells the client that somebody listens. */
static void open_channels(struct remote *r)
{
	for (uint32_t i = 0; i < STREAMS; i++) {
		r->id[i] = i;
		r->there[i] = r->wanted[i];
	}
	mux_send(r->conn.mux, r->c.out ? OUT : r->c.errors ? ERRORS : STATUS, "", 0);
}

struct session *remotecommand_start(const struct remotecommand_config *c)
{
	static const struct mux_user user = {.opened = on_opened, .data = on_data, .ended = on_ended};
	struct remote *r = MEM_NEW(struct remote);
	*r = (struct remote){.session.free = free_remote, .c = *c};
	runtime_stream_init(&r->s);
	r->patience = (struct loop_timer){.fn = on_impatience, .arg = r};
	const bool wanted[STREAMS] = {[IN] = c->in,
				      [OUT] = c->out,
				      [ERRORS] = c->errors,
				      [STATUS] = true,
				      [RESIZE] = c->tty &&
						 (c->version >= REMOTECOMMAND_V3 || MUX_CHANNELS(c->s.form))};
	memcpy(r->wanted, wanted, sizeof(wanted));
	struct mux *m = mux_new(c->s.form, &user, r);
	if (c->version >= REMOTECOMMAND_V5)
		mux_closes_channels(m);
	r->conn.mux = m;
	if (MUX_CHANNELS(c->s.form)) {
		open_channels(r);
		begin(r);
	} else {
		loop_timer_set(c->s.loop, &r->patience, clock_mono_ns() + c->s.create_ns);
	}
	const struct conn_config conn = {.loop = c->s.loop,
					 .fd = c->s.fd,
					 .extra = c->s.extra,
					 .n_extra = c->s.n_extra,
					 .idle_ns = c->s.idle_ns,
					 .drained = on_drained,
					 .gone = on_gone,
					 .arg = r};
	conn_start(&r->conn, &conn, m);
	return &r->session;
}
