/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream is made with the request, while it can still be refused; it becomes a session when the library hands out the
 * connection, and goes when the session is over. The texts and codes of refusals are the kubelet's.
 */
#include "serve/streams.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "object/status_reason.h"
#include "pod/worker.h"
#include "serve/websocket.h"
#include "stream/handshake.h"
#include "stream/portforward.h"
#include "stream/remotecommand.h"

#define ARGS_MAX 4096
#define LEAVING_MS 60000
#define PROTOCOL_HEADER "X-Stream-Protocol-Version"
#define ACCEPTED_HEADER "X-Accepted-Stream-Protocol-Versions"

struct stream {
	struct list link;
	struct streams *all;
	enum streams_what what;
	struct handshake_choice choice;
	struct runtime *rt;
	char id[RUNTIME_ID_MAX]; /* container, or sandbox */
	bool in, out, errors, tty;
	char **argv; /* NULL-terminated */
	size_t argc;
	uint16_t ports[PORTFORWARD_PORTS];
	size_t n_ports;
	char *command;
	struct MHD_UpgradeResponseHandle *handle; /* once the connection is ours */
	struct session *session;
	int client; /* its socket */
	bool left;
	unsigned refs; /* the request's, the connection's, the lane's */
};

/* ---- the request ---- */

struct query {
	struct stream *x;
	struct err err;
};

static bool yes(const char *v)
{
	return v && !strcmp(v, "1");
}

static int take_port(struct stream *x, const char *text, const char *whole, struct err *err)
{
	char *end;
	unsigned long n = *text >= '0' && *text <= '9' ? strtoul(text, &end, 10) : 0;
	if (!n && *text == '0')
		return err_set(err, REASON_BAD_REQUEST, "port \"%.100s\" must be > 0", whole);
	if (!n || (*end && *end != ',') || n > UINT16_MAX)
		return err_set(err, REASON_BAD_REQUEST, "unable to parse \"%.100s\" as a port", whole);
	if (x->n_ports == PORTFORWARD_PORTS)
		return err_set(err, REASON_BAD_REQUEST, "too many ports");
	x->ports[x->n_ports++] = (uint16_t)n;
	return 0;
}

static int take_ports(struct stream *x, const char *list, struct err *err)
{
	if (!list || !*list)
		return err_set(err, REASON_BAD_REQUEST, "query parameter \"port\" cannot be empty");
	for (const char *p = list; p; p = strchr(p, ','), p += p != NULL)
		if (take_port(x, p, list, err) < 0)
			return -1;
	return 0;
}

static enum MHD_Result take_parameter(void *arg, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct query *q = arg;
	struct stream *x = q->x;
	if (!strcmp(key, "input"))
		x->in = yes(value);
	else if (!strcmp(key, "output"))
		x->out = yes(value);
	else if (!strcmp(key, "error"))
		x->errors = yes(value);
	else if (!strcmp(key, "tty"))
		x->tty = yes(value);
	else if (!strcmp(key, "command") && x->argc < ARGS_MAX) {
		x->argv = mem_realloc(x->argv, (x->argc + 2) * sizeof(*x->argv));
		x->argv[x->argc++] = mem_strdup(value ? value : "");
		x->argv[x->argc] = NULL;
	} else if (!strcmp(key, "port") && x->what == STREAMS_PORTS)
		return take_ports(x, value, &q->err) < 0 ? MHD_NO : MHD_YES;
	return MHD_YES;
}

static enum MHD_Result take_header(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
	handshake_take(arg, name, value ? value : "");
	return MHD_YES;
}

static void drop(struct stream *x)
{
	if (--x->refs)
		return;
	for (size_t i = 0; i < x->argc; i++)
		free(x->argv[i]);
	free(x->argv);
	free(x->command);
	free(x);
}

void streams_completed(struct stream *x)
{
	if (!x)
		return;
	if (x->left)
		x->all->leaving--;
	drop(x);
}

/* "[sh -c x]", as Go prints a list. */
static char *print_command(const struct stream *x)
{
	autobuf struct buf b = BUF_INIT;
	for (size_t i = 0; i < x->argc; i++)
		buf_addf(&b, "%s%s", i ? " " : "[", x->argv[i]);
	buf_addc(&b, ']');
	return buf_take(&b, NULL);
}

/* ---- which one is meant ---- */

/* "NS/POD[/UID][/CONTAINER]" in place; where there is no container, none is wanted. */
static bool split(char *path, bool container, const char **ns, const char **pod, const char **uid,
		  const char **name)
{
	const char *part[5];
	size_t n = 0;
	while (path && n < ARRAY_LEN(part)) {
		part[n] = strsep(&path, "/");
		if (!*part[n++])
			return false;
	}
	size_t least = container ? 3 : 2;
	if (n < least || n > least + 1)
		return false;
	*ns = part[0];
	*pod = part[1];
	*uid = n > least ? part[2] : "";
	*name = container ? part[n - 1] : "";
	return true;
}

static int locate(struct stream *x, char *path, struct err *err)
{
	const char *ns, *pod, *uid, *name;
	const struct logs_source *src = x->all->source;
	if (!split(path, x->what != STREAMS_PORTS, &ns, &pod, &uid, &name))
		return err_set(err, REASON_NOT_FOUND, "404 page not found");
	struct worker *w = src->find(src->arg, ns, pod);
	if (!w)
		return err_set(err, REASON_NOT_FOUND, "pod does not exist");
	bool same = !*uid || !strcmp(uid, worker_pod(w)->o.meta.uid);
	const char *id = NULL;
	x->rt = w->host->rt;
	if (x->what == STREAMS_PORTS) {
		if (!same)
			return err_set(err, REASON_NOT_FOUND, "pod not found");
		id = worker_machine(w)->sandbox_up ? worker_machine(w)->sandbox_id : NULL;
		if (!id)
			return err_set(err, REASON_INTERNAL, "pod not found (\"%s_%s\")", pod, ns);
	} else {
		int i = same ? pod_container_index(worker_pod(w), name) : -1;
		struct status_view v = {.state = SHOWN_UNKNOWN};
		if (i >= 0)
			v = status_view(worker_machine(w), (size_t)i);
		if (v.state == SHOWN_RUNNING && v.now)
			id = v.now->id;
		if (!id)
			return err_set(err, REASON_INTERNAL, "container not found (\"%s\")", name);
	}
	snprintf(x->id, sizeof(x->id), "%s", id);
	return 0;
}

static int check(struct stream *x, struct err *err)
{
	if (x->all->n >= STREAMS_MAX)
		return err_set(err, REASON_TOO_MANY_REQUESTS,
			       "too many streams on this node, try again later");
	x->errors &= !x->tty;
	if (x->what != STREAMS_PORTS && !x->in && !x->out && !x->errors)
		return err_set(err, REASON_BAD_REQUEST,
			       "you must specify at least 1 of stdin, stdout, stderr");
	return x->what == STREAMS_EXEC && !x->argc
		       ? err_set(err, REASON_BAD_REQUEST,
				 "you must specify at least one command for the container")
		       : 0;
}

/* ---- on the lane ---- */

static int begin_exec(void *arg, struct runtime_stream *ret, struct err *err)
{
	struct stream *x = arg;
	const struct runtime_exec_spec spec = {.argv = (const char *const *)x->argv,
					       .tty = x->tty,
					       .in = x->in,
					       .out = x->out,
					       .errors = x->errors};
	return x->rt->ops->exec(x->rt, x->id, &spec, ret, err);
}

static int begin_attach(void *arg, struct runtime_stream *ret, struct err *err)
{
	struct stream *x = arg;
	return x->rt->ops->attach(x->rt, x->id, ret, err);
}

static int connect_port(void *arg, int port, int *ret_fd, struct err *err)
{
	struct stream *x = arg;
	return x->rt->ops->port_forward(x->rt, x->id, port, ret_fd, err);
}

/* ---- sessions ---- */

static void on_over(void *arg)
{
	struct stream *x = arg;
	list_del(&x->link);
	list_push_back(&x->all->ended, &x->link);
	x->all->wake(x->all->wake_arg);
}

/* The lane is through with it. */
static void on_unused(void *arg)
{
	drop(arg);
}

static void give_back(struct stream *x)
{
	unsigned patience_ms = LEAVING_MS;
	x->all->n--;
	x->all->leaving++;
	x->left = true;
	list_del(&x->link);
	session_free(x->session);
	/* What is on its way to a client that does not read goes with it. */
	(void)setsockopt(x->client, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof(patience_ms));
	(void)MHD_upgrade_action(x->handle, MHD_UPGRADE_ACTION_CLOSE);
	drop(x);
}

static struct session *start_command(struct stream *x, const struct session_config *s)
{
	bool exec = x->what == STREAMS_EXEC;
	const struct remotecommand_config c = {
		.s = *s,
		.version = (enum remotecommand_version)x->choice.version,
		.in = x->in,
		.out = x->out,
		.errors = x->errors,
		.tty = x->tty,
		.begin = exec ? begin_exec : begin_attach,
		.begun = on_unused,
		.arg = x,
		.command = x->command,
		.failing = exec ? "error executing command in container: failed to exec in container"
				: "error attaching to container: failed to attach container",
	};
	return remotecommand_start(&c);
}

static struct session *start_ports(struct stream *x, const struct session_config *s)
{
	const struct portforward_config c = {.s = *s,
					     .pod = x->id,
					     .ports = x->ports,
					     .n_ports = x->n_ports,
					     .connect = connect_port,
					     .free = on_unused,
					     .arg = x};
	return portforward_start(&c);
}

/* The library hands out the connection. */
static void on_upgrade(void *arg, struct MHD_Connection *c, void *state, const char *extra, size_t n_extra,
		       MHD_socket fd, struct MHD_UpgradeResponseHandle *handle)
{
	static const enum worker_lane lanes[] = {
		[STREAMS_EXEC] = LANE_STREAM, [STREAMS_ATTACH] = LANE_ATTACH, [STREAMS_PORTS] = LANE_PORT};
	struct stream *x = arg;
	const struct session_config s = {.loop = x->all->source->loop,
					 .lane = lanes[x->what],
					 .fd = fd,
					 .extra = extra,
					 .n_extra = n_extra,
					 .form = x->choice.form,
					 .idle_ns = SESSION_IDLE_NS,
					 .create_ns = SESSION_CREATE_NS,
					 .over = on_over,
					 .arg = x};
	x->handle = handle;
	x->client = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	/* The library has taken it off again: a command's end would wait 40 ms for the peer to acknowledge its beginning. */
	int on = 1;
	(void)setsockopt(x->client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	x->all->n++;
	x->refs += 2; /* the connection's, the lane's */
	list_push_back(&x->all->live, &x->link);
	x->session = x->what == STREAMS_PORTS ? start_ports(x, &s) : start_command(x, &s);
}

/* ---- replies ---- */

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned status, const struct err *err,
			      const char *const *accepted)
{
	autofree char *text = mem_printf("%s\n", err->msg);
	struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_COPY);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, "text/plain; charset=utf-8");
	for (; accepted && *accepted; accepted++)
		MHD_add_response_header(r, ACCEPTED_HEADER, *accepted);
	enum MHD_Result rc = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return rc;
}

static enum MHD_Result accept_it(struct stream *x, struct MHD_Connection *c, const struct handshake *h)
{
	struct MHD_Response *r = MHD_create_response_for_upgrade(on_upgrade, x);
	if (handshake_is_websocket(h)) {
		autobuf struct buf key = BUF_INIT;
		websocket_accept(&key, h->key);
		MHD_add_response_header(r, MHD_HTTP_HEADER_UPGRADE, "websocket");
		MHD_add_response_header(r, "Sec-WebSocket-Accept", buf_str(&key));
		if (*x->choice.protocol)
			MHD_add_response_header(r, "Sec-WebSocket-Protocol", x->choice.protocol);
	} else {
		MHD_add_response_header(r, MHD_HTTP_HEADER_UPGRADE, "SPDY/3.1");
		MHD_add_response_header(r, PROTOCOL_HEADER, x->choice.protocol);
	}
	enum MHD_Result rc = MHD_queue_response(c, MHD_HTTP_SWITCHING_PROTOCOLS, r);
	MHD_destroy_response(r);
	return rc;
}

enum MHD_Result streams_serve(struct streams *s, struct MHD_Connection *c, enum streams_what what,
			      const char *rest, struct stream **ret)
{
	struct stream *x = *ret = MEM_NEW(struct stream);
	struct handshake h = {0};
	struct query q = {.x = x};
	const char *accepted[HANDSHAKE_ACCEPTED] = {NULL};
	autofree char *path = mem_strdup(rest);
	*x = (struct stream){.all = s, .what = what, .refs = 1};
	list_init(&x->link);
	MHD_get_connection_values(c, MHD_HEADER_KIND, take_header, &h);
	MHD_get_connection_values(c, MHD_GET_ARGUMENT_KIND, take_parameter, &q);
	x->command = print_command(x);
	bool websocket = handshake_is_websocket(&h);
	if (q.err.reason != REASON_NONE)
		return refuse(c, MHD_HTTP_BAD_REQUEST, &q.err, NULL);
	int status = 0;
	if (check(x, &q.err) < 0 || locate(x, path, &q.err) < 0)
		status = status_reason_code(q.err.reason);
	else
		status = handshake_choose(&h, what == STREAMS_PORTS ? HANDSHAKE_PORTS : HANDSHAKE_COMMAND,
					  &x->choice, accepted, &q.err);
	if (status == MHD_HTTP_SWITCHING_PROTOCOLS && websocket && MUX_CHANNELS(x->choice.form) &&
	    what == STREAMS_PORTS && !x->n_ports) {
		(void)err_set(&q.err, REASON_BAD_REQUEST, "query parameter \"port\" is required");
		status = MHD_HTTP_BAD_REQUEST;
	}
	return status == MHD_HTTP_SWITCHING_PROTOCOLS ? accept_it(x, c, &h)
						      : refuse(c, (unsigned)status, &q.err, accepted);
}

void streams_init(struct streams *s, const struct logs_source *source, loop_fn *wake, void *wake_arg)
{
	s->source = source;
	s->wake = wake;
	s->wake_arg = wake_arg;
	list_init(&s->live);
	list_init(&s->ended);
}

static void give_back_all(struct list *l)
{
	while (!list_empty(l))
		give_back(list_entry(l->next, struct stream, link));
}

void streams_reap(struct streams *s)
{
	give_back_all(&s->ended);
}

void streams_hang_up(struct streams *s)
{
	give_back_all(&s->live);
	give_back_all(&s->ended);
}
