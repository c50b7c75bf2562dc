/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole way behind the listener, to an agent that is a TLS server of the test: what it is asked, and what becomes of its
 * answer. Pods are nobody's addresses, so their proxy is seen through the node's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "client/tls_server_test.h"
#include "object/json_test.h"
#include "rest/connect/connect.h"
#include "rest/log/relay.h"
#include "rest/rig_test.h"

#define POD "/api/v1/namespaces/default/pods/p"
#define NODE "/api/v1/nodes/n/proxy"
#define SWITCH                                                                                               \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-Version: v4\r\n\r\n"

static struct tls_server agent;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char heard[8192];   /* what the agent was asked last */
static const char *to_say; /* its answer */

/* The head, and as much body as it speaks of. */
static void read_request(SSL *c)
{
	size_t len = 0, want = 0;
	int n;
	heard[0] = 0;
	while (!want || len < want) {
		if ((n = SSL_read(c, heard + len, (int)(sizeof(heard) - 1 - len))) <= 0)
			return;
		heard[len += (size_t)n] = 0;
		const char *end = strstr(heard, "\r\n\r\n"), *length = strstr(heard, "Content-Length: ");
		if (end)
			want = (size_t)(end + 4 - heard) + (length ? (size_t)atol(length + 16) : 0);
	}
}

static void serve(struct tls_server *s, SSL *c)
{
	char buf[256];
	int n;
	pthread_mutex_lock(&lock);
	read_request(c);
	const char *said = to_say;
	SSL_write(c, said, (int)strlen(said));
	pthread_mutex_unlock(&lock);
	if (strncmp(said, "HTTP/1.1 101", 12)) /* to_say may be the next one's by now */
		return;
	while ((n = SSL_read(c, buf, sizeof(buf))) > 0)
		SSL_write(c, buf, n);
}

/* ---- asking ---- */

struct ask {
	const char *method, *target, *headers, *body;
	const char *upgrade; /* NULL: stays HTTP */
	const char *says;    /* the agent */
};

static struct rig_exchange *ask(const struct ask *a)
{
	struct rig_exchange *e = MEM_NEW(struct rig_exchange);
	struct request *rq = &e->x.rq;
	pthread_mutex_lock(&lock);
	to_say = a->says;
	pthread_mutex_unlock(&lock);
	*rq = (struct request){.accept = "", .content_type = "", .user_agent = "test", .remote = "10.9.9.9"};
	rq->body = a->body ? a->body : "";
	rq->body_len = strlen(rq->body);
	buf_adds(&rq->headers, a->headers ? a->headers : "Host: api:6443\r\n");
	if (a->upgrade) {
		rq->upgrade = upgrade_new();
		upgrade_take(rq->upgrade, "Upgrade", a->upgrade);
		upgrade_take(rq->upgrade, "Connection", "Upgrade");
	}
	rig_run(&rig, e, a->method, a->target);
	return e;
}

static void end(struct rig_exchange *e)
{
	free(e->x.rq.upgrade);
	buf_release(&e->x.rq.headers);
	rig_exchange_free(e);
	while (atomic_load(&rig.api.pipes))
		sched_yield();
}

static const char *body_of(struct rig_exchange *e)
{
	return buf_str(&e->x.rs.body);
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no «%s» in «%s»", what, text);
}

static void has_not(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("«%s» in «%s»", what, text);
}

/* ---- the tests ---- */

static void a_stream(void **state)
{
	char text[64] = "";
	const struct ask a = {.method = "POST",
			      .target = POD "/exec?command=ls&command=-l&stdout=1",
			      .headers = "Host: api:6443\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
					 "Authorization: Bearer secret\r\nImpersonate-User: x\r\n"
					 "X-Stream-Protocol-Version: v5\r\nX-Stream-Protocol-Version: v4\r\n"
					 "X-Forwarded-For: 1.2.3.4\r\n",
			      .upgrade = "SPDY/3.1",
			      .says = SWITCH "raw"};
	struct rig_exchange *e = ask(&a);
	struct response_stream *s = e->x.rs.stream;
	has(heard, "POST /exec/default/p/c?command=ls&command=-l&output=1 HTTP/1.1\r\n");
	has(heard, "Host: api:6443\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n");
	has(heard, "X-Stream-Protocol-Version: v5\r\nX-Stream-Protocol-Version: v4\r\n");
	has(heard, "X-Forwarded-For: 1.2.3.4, 10.9.9.9\r\n");
	has_not(heard, "secret");
	has_not(heard, "Impersonate");
	assert_int_equal(e->x.rs.status, 101);
	assert_string_equal(e->x.rs.upgrade, "");
	assert_string_equal(body_of(e), "Upgrade: SPDY/3.1\r\nConnection: Upgrade\r\nX-Version: v4\r\n");
	assert_int_equal(s->take(s->arg, "back", 4), 4);
	for (size_t n = 0; n < 7; sched_yield())
		n += (size_t)s->read(s->arg, text + n, sizeof(text) - n);
	assert_string_equal(text, "rawback");
	end(e);
}

/* A browser's token is one of the subprotocols, and nobody else's. */
static void a_token_stays_here(void **state)
{
	static const char offers[] = "base64url.bearer.authorization.k8s.io.dG9rZW4, v5.channel.k8s.io";
	struct request rq = {.upgrade = upgrade_new(), .remote = ""};
	autobuf struct buf token = BUF_INIT;
	upgrade_take(rq.upgrade, "Sec-WebSocket-Protocol", offers);
	assert_int_equal(upgrade_token(rq.upgrade, &token, &rq.upgrade->used), 1);
	struct exchange x = {.rq = rq};
	autobuf struct buf out = BUF_INIT;
	buf_addf(&x.rq.headers, "Sec-WebSocket-Protocol: %s\r\n", offers);
	connect_add_headers(&x.rq, true, "h", &out);
	assert_string_equal(buf_str(&out), "Sec-WebSocket-Protocol: v5.channel.k8s.io\r\nHost: h\r\n");
	buf_release(&x.rq.headers);
	free(rq.upgrade);
}

static const struct row {
	struct ask ask;
	int status;
	const char *body;    /* part of */
	const char *headers; /* part of; "": none */
} rows[] = {
	{{.method = "POST", .target = POD "/exec?command=x", .says = SWITCH},
	 400,
	 "Upgrade request required",
	 ""},
	{{.method = "GET",
	  .target = POD "/attach",
	  .upgrade = "websocket",
	  .says = "HTTP/1.1 404 N\r\nContent-Length: 4\r\nX: y\r\n\r\ngone"},
	 404,
	 "gone",
	 "X: y\r\n"},
	{{.method = "GET",
	  .target = POD "/attach",
	  .upgrade = "websocket",
	  .says = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"},
	 500,
	 "invalid upgrade response: status code 200",
	 ""},
	{{.method = "GET", .target = POD "/attach", .upgrade = "websocket", .says = ""}, 500, "\"EOF\"", ""},
	{{.method = "GET",
	  .target = NODE "/x",
	  .says = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: a/b\r\n"
		  "Connection: X-Hop\r\nX-Hop: 1\r\nAccess-Control-Allow-Origin: *\r\n"
		  "X-Kept: 2\r\n\r\nok"},
	 200,
	 "ok",
	 "Content-Type: a/b\r\nX-Kept: 2\r\n"},
	{{.method = "GET",
	  .target = NODE "/x",
	  .says = "HTTP/1.1 302 F\r\nContent-Length: 0\r\nLocation: /y/?z\r\n\r\n"},
	 302,
	 "",
	 "Location: " NODE "/y/?z\r\n"},
	{{.method = "GET", .target = NODE "/x", .says = "no HTTP\r\n\r\n"},
	 503,
	 "error trying to reach service: net/http: HTTP/1.x transport connection broken: malformed HTTP response",
	 ""},
	{{.method = "GET", .target = NODE "/x", .says = ""}, 503, "error trying to reach service: EOF", ""},
	{{.method = "GET", .target = NODE "?a=b", .says = ""}, 301, "", "Location: " NODE "/?a=b\r\n"},
	{{.method = "HEAD", .target = NODE "/x", .says = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"},
	 200,
	 "",
	 ""},
	{{.method = "GET", .target = NODE "/x", .says = "HTTP/1.1 500 E\r\nContent-Length: 1\r\n\r\nx"},
	 500,
	 "x",
	 ""},
	{{.method = "GET", .target = NODE "/x?dryRun=All", .says = ""}, 400, "dryRun is not supported", ""},
};

static void answers(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct rig_exchange *e = ask(&rows[i].ask);
		if (e->x.rs.status != rows[i].status)
			fail_msg("%s: %d", rows[i].ask.target, e->x.rs.status);
		has(body_of(e), rows[i].body);
		if (*rows[i].headers)
			assert_string_equal(buf_str(&e->x.rs.headers), rows[i].headers);
		end(e);
	}
}

static void a_proxied_request(void **state)
{
	const struct ask a = {
		.method = "PUT",
		.target = NODE "/a%20b/../c/?q=%31&r",
		.headers = "Host: api:6443\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nTe: x\r\n"
			   "Transfer-Encoding: chunked\r\nX-Kept: 2\r\nExpect: 100-continue\r\n",
		.body = "hello",
		.says = "HTTP/1.1 201 C\r\nContent-Length: 0\r\n\r\n"};
	struct rig_exchange *e = ask(&a);
	assert_int_equal(e->x.rs.status, 201);
	assert_string_equal(heard, "PUT /c/?q=%31&r HTTP/1.1\r\nHost: api:6443\r\nX-Kept: 2\r\n"
				   "X-Forwarded-For: 10.9.9.9\r\nConnection: close\r\n"
				   "X-Forwarded-Uri: " NODE "/c/\r\nContent-Length: 5\r\n\r\nhello");
	end(e);
}

static void nobody_listens(void **state)
{
	const struct ask stream = {.method = "GET",
				   .target = "/api/v1/namespaces/default/pods/q/attach",
				   .upgrade = "websocket"},
			 proxy = {.method = "GET", .target = "/api/v1/nodes/m/proxy/"};
	struct rig_exchange *e = ask(&stream);
	assert_int_equal(e->x.rs.status, 500);
	has(body_of(e), "error dialing backend: dial tcp 127.0.0.1:1: connect: connection refused");
	end(e);
	e = ask(&proxy);
	assert_int_equal(e->x.rs.status, 503);
	has(body_of(e), "error trying to reach service: dial tcp 127.0.0.1:1: connect: connection refused");
	end(e);
}

static void too_many(void **state)
{
	const struct ask a = {.method = "GET", .target = NODE "/x", .says = ""};
	atomic_fetch_add(&rig.api.pipes, 1 << 20);
	struct rig_exchange *e = ask(&a);
	atomic_fetch_sub(&rig.api.pipes, 1 << 20);
	assert_int_equal(e->x.rs.status, 429);
	has(body_of(e), "too many streams are open, please try again later");
	end(e);
}

/* ---- objects ---- */

static void make(const char *method, const char *path, int status, const char *object)
{
	autoreply struct rig_reply r = rig_call(&rig, method, path, JSON(object));
	if (r.status != status)
		fail_msg("%s: %d %s", path, r.status, buf_str(&r.text));
}

static void make_node(const char *name, int port)
{
	autofree char *node = mem_printf("{'metadata':{'name':'%s'}}", name);
	autofree char *path = mem_printf("/api/v1/nodes/%s/status", name);
	autofree char *status =
		mem_printf("{'status':{'addresses':[{'type':'InternalIP','address':'127.0.0.1'}],"
			   "'daemonEndpoints':{'kubeletEndpoint':{'Port':%d}}}}",
			   port);
	make("POST", "/api/v1/nodes", 201, node);
	make("PATCH", path, 200, status);
}

static void make_pod(const char *name, const char *node)
{
	autofree char *pod =
		mem_printf("{'metadata':{'name':'%s'},'spec':{'nodeName':'%s','containers':[{'name':'c',"
			   "'image':'i'}]}}",
			   name, node);
	make("POST", "/api/v1/namespaces/default/pods", 201, pod);
}

static int setup(void **state)
{
	struct err err = ERR_INIT;
	rig_setup(state);
	tls_server_start(&agent, serve, NULL);
	const struct http_tls tls = {
		.ca_pem = agent.ca.p, .cert_pem = agent.client_cert.p, .key_pem = agent.client_key.p};
	rig.api.relays = relays_new(&tls, &err);
	make_node("n", agent.port);
	make_node("m", 1);
	make_pod("p", "n");
	make_pod("q", "m");
	return 0;
}

static int teardown(void **state)
{
	relays_stop(rig.api.relays);
	relays_free(rig.api.relays);
	tls_server_stop(&agent);
	return rig_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stream),	  cmocka_unit_test(a_token_stays_here),
		cmocka_unit_test(answers),	  cmocka_unit_test(a_proxied_request),
		cmocka_unit_test(nobody_listens), cmocka_unit_test(too_many),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
