/* SPDX-License-Identifier: Apache-2.0 */
/*
 * grpc.health.v1.Health/Check on a connection of its own (pkg/probe/grpc). Both messages have one field and are made by
 * hand: {1: service} and {1: status}. As grpc-go's blocking dial does, a connection that cannot be had is tried again until
 * the time is over.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "client/http.h"
#include "object/pb.h"
#include "probe/probe_dial.h"
#include "probe/probe_internal.h"

#define RETRY_FIRST_NS NS_PER_S
#define REPLY_MAX 65536
#define PREFIX 5 /* before each message: is it compressed, and its length */

struct grpc_run {
	struct probe_run r;
	struct http_call *call;
	struct loop_timer retry;
	int64_t delay_ns;
};

/* ---- messages ---- */

static void write_request(struct buf *out, const char *service)
{
	autobuf struct buf message = BUF_INIT;
	if (*service)
		pb_add_part(&message, 1, service, strlen(service));
	uint32_t n = htonl((uint32_t)message.len);
	buf_addc(out, 0);
	buf_add(out, &n, sizeof(n));
	buf_add(out, buf_str(&message), message.len);
}

static bool varint(const unsigned char **p, const unsigned char *end, uint64_t *ret)
{
	uint64_t v = 0;
	for (int shift = 0; *p < end && shift < 64; shift += 7) {
		unsigned char c = *(*p)++;
		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80) {
			*ret = v;
			return true;
		}
	}
	return false;
}

/* Field 1 of the message; 0 when it is absent. False: that is no such message. */
static bool read_status(const char *body, size_t n, uint64_t *ret)
{
	const unsigned char *p = (const unsigned char *)body, *end = p + n;
	uint64_t key, value;
	*ret = 0;
	if (n < PREFIX || p[0])
		return false;
	for (p += PREFIX; p < end;) {
		if (!varint(&p, end, &key))
			return false;
		if ((key & 7) == 0) {
			if (!varint(&p, end, &value))
				return false;
			if (key >> 3 == 1)
				*ret = value;
		} else if ((key & 7) == 2) {
			if (!varint(&p, end, &value) || value > (uint64_t)(end - p))
				return false;
			p += value;
		} else {
			return false;
		}
	}
	return true;
}

/* ---- what it means ---- */

enum { GRPC_OK = 0, GRPC_UNKNOWN = 2, GRPC_DEADLINE = 4, GRPC_UNIMPLEMENTED = 12, GRPC_INTERNAL = 13 };
static const char *const code_names[] = {
	"OK",	    "Canceled",	      "Unknown",	  "InvalidArgument",   "DeadlineExceeded",
	"NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
	"Aborted",  "OutOfRange",     "Unimplemented",	  "Internal",	       "Unavailable",
	"DataLoss", "Unauthenticated"};
static const char *const status_names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};

/* gRPC's code for a server that speaks only HTTP. */
static int code_of_http(int status)
{
	static const struct {
		int status, code;
	} rows[] = {{400, GRPC_INTERNAL},
		    {401, 16},
		    {403, 7},
		    {404, GRPC_UNIMPLEMENTED},
		    {429, 14},
		    {502, 14},
		    {503, 14},
		    {504, 14}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].status == status)
			return rows[i].code;
	return GRPC_UNKNOWN;
}

/* grpc-message is percent-encoded. */
static void decode_message(struct buf *out, const char *s)
{
	for (; *s; s++) {
		char hex[3] = {s[0] == '%' ? s[1] : 0, s[0] == '%' && s[1] ? s[2] : 0, 0}, *end = hex;
		long c = strtol(hex, &end, 16);
		bool code = end == hex + 2;
		buf_addc(out, code ? (char)c : *s);
		s += code ? 2 : 0;
	}
}

static void end_with_code(struct grpc_run *g, int code, const char *message)
{
	char timeout[32];
	probe_timeout_text(&g->r, timeout);
	if (code == GRPC_UNIMPLEMENTED)
		probe_end_text(&g->r, PROBE_FAILED,
			       "error: this server does not implement the grpc health protocol "
			       "(grpc.health.v1.Health): %s",
			       message);
	else if (code == GRPC_DEADLINE)
		probe_end_text(&g->r, PROBE_FAILED, "timeout: health rpc did not complete within %s",
			       timeout);
	else
		probe_end_text(&g->r, PROBE_FAILED,
			       "error: health rpc probe failed: rpc error: code = %s desc = %s",
			       (size_t)code < ARRAY_LEN(code_names) ? code_names[code] : "Unknown", message);
}

static void judge(struct grpc_run *g, const struct http_reply *r)
{
	autobuf struct buf message = BUF_INIT;
	uint64_t status;
	int code = *r->grpc_status ? (int)strtol(r->grpc_status, NULL, 10) : r->status == 200 ? GRPC_OK : -1;
	decode_message(&message, r->grpc_message);
	if (code < 0) {
		buf_addf(&message, "unexpected HTTP status code received from server: %d", r->status);
		code = code_of_http(r->status);
	}
	if (code != GRPC_OK)
		end_with_code(g, code, buf_str(&message));
	else if (!read_status(buf_str(&r->body), r->body.len, &status))
		end_with_code(g, GRPC_INTERNAL, "cannot parse the answer");
	else if (status == 1)
		probe_end_text(&g->r, PROBE_PASSED, "service healthy");
	else if (status < ARRAY_LEN(status_names))
		probe_end_text(&g->r, PROBE_FAILED, "service unhealthy (responded with \"%s\")",
			       status_names[status]);
	else
		probe_end_text(&g->r, PROBE_FAILED, "service unhealthy (responded with \"%llu\")",
			       (unsigned long long)status);
}

/* ---- the call ---- */

static void replied(void *arg, struct http_reply *r)
{
	struct grpc_run *g = arg;
	g->call = NULL;
	if (r->err.reason == REASON_NONE) {
		judge(g, r);
		return;
	}
	if (r->err.reason == REASON_TOO_LARGE) {
		end_with_code(g, 8, "the answer is larger than allowed");
		return;
	}
	loop_timer_set(g->r.host->loop, &g->retry, clock_mono_ns() + g->delay_ns);
	g->delay_ns = g->delay_ns * 8 / 5;
}

static void attempt(void *arg)
{
	static const char *const headers[] = {"Content-Type: application/grpc", "TE: trailers",
					      "User-Agent: kube-probe/" PROBE_AGENT_VERSION, NULL};
	struct grpc_run *g = arg;
	struct probe_host *h = g->r.host;
	autobuf struct buf url = BUF_INIT, body = BUF_INIT;
	buf_adds(&url, "http://");
	probe_dial_address(&url, g->r.rq.host, g->r.rq.port);
	buf_adds(&url, "/grpc.health.v1.Health/Check");
	write_request(&body, g->r.rq.service);
	/* The run's own deadline comes first. */
	const struct http_request rq = {.method = "POST",
					.url = buf_str(&url),
					.headers = headers,
					.body = buf_str(&body),
					.body_len = body.len,
					.timeout_ns = g->r.rq.timeout_ns + NS_PER_S,
					.max_body = REPLY_MAX,
					.http2 = true,
					.alone = true};
	if (!h->grpc)
		h->grpc = http_new_on(h->loop, NULL, 0);
	g->call = http_start(h->grpc, &rq, replied, g);
}

static void start(struct probe_run *r)
{
	struct grpc_run *g = (struct grpc_run *)r;
	g->delay_ns = RETRY_FIRST_NS;
	g->retry = (struct loop_timer){.fn = attempt, .arg = g};
	attempt(g);
}

static void expire(struct probe_run *r)
{
	struct grpc_run *g = (struct grpc_run *)r;
	autobuf struct buf address = BUF_INIT;
	char timeout[32];
	if (g->call && http_sent(g->call)) {
		end_with_code(g, GRPC_DEADLINE, "");
		return;
	}
	probe_timeout_text(r, timeout);
	probe_dial_address(&address, r->rq.host, r->rq.port);
	probe_end_text(r, PROBE_FAILED,
		       "timeout: failed to connect service \"%s\" within %s: context deadline exceeded",
		       buf_str(&address), timeout);
}

static void release(struct probe_run *r, bool kill)
{
	struct grpc_run *g = (struct grpc_run *)r;
	loop_timer_set(r->host->loop, &g->retry, CLOCK_NEVER);
	if (g->call)
		http_abort(STEAL(g->call));
}

const struct probe_way probe_grpc = {
	.size = sizeof(struct grpc_run), .start = start, .expire = expire, .release = release};
