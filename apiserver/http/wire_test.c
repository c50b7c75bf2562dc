/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener as a process of its own, behind a service made of a few words, and clients that do what real ones
 * rarely do: send at exactly the same moment, say nothing, say it one byte at a time, leave in the middle. The
 * server can be stopped while they do (SIGSTOP), so that it finds all of it at once. Its clock stands still until
 * a test moves it: nothing runs out because the machine is busy, and who sleeps on is woken by nothing.
 */
#include "http/wire_rig_test.h"

/* ---- what they do ---- */

/* However many requests come at once: none waits. (With 128 of them libmicrohttpd's own threads slept on.) */
static void test_at_once(void **state)
{
	static const size_t sizes[] = {1,   2,	 3,   7,   64,	127, 128,  129,	 255, 256,
				       257, 383, 384, 385, 511, 512, 513,  639,	 640, 641,
				       767, 768, 769, 895, 896, 897, 1023, 1024, 1025};
	struct server s = server_start(0);
	SSL **c = mem_array(AT_ONCE, sizeof(*c));
	open_many(&s, c, AT_ONCE);
	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		assert_int_equal(kill(s.pid, SIGSTOP), 0);
		for (size_t i = 0; i < sizes[k]; i++)
			say(c[i], GET);
		assert_int_equal(kill(s.pid, SIGCONT), 0);
		for (size_t i = 0; i < sizes[k]; i++)
			hear(c[i], "params=0");
	}
	for (size_t i = 0; i < AT_ONCE; i++)
		close_tls(c[i]);
	free(c);
	server_stop(&s);
}

/* A connection may take ten seconds until its handshake is over, whatever it does meanwhile. */
static void test_silent(void **state)
{
	struct server s = server_start(0);
	SSL *other = open_tls(&s);
	catch_up(other);
	size_t before = descriptors(&s);
	int silent = dial(&s), half = dial(&s), drip = dial(&s);
	while (descriptors(&s) < before + 3)
		sched_yield();
	assert_int_equal(send(half, "\x16\x03\x01\x02\x00", 5, MSG_NOSIGNAL), 5);
	assert_int_equal(send(drip, "\x16\x03\x01\x02\x00", 5, MSG_NOSIGNAL), 5);
	catch_up(other);
	for (int i = 0; i < 9; i++) {
		pass(&s, 1);
		assert_int_equal(send(drip, "\x01", 1, MSG_NOSIGNAL), 1);
		catch_up(other);
	}
	assert_false(ended(silent) || ended(half) || ended(drip));
	pass(&s, 1);
	assert_true(ends(silent));
	assert_true(ends(half));
	assert_true(ends(drip));
	close(silent);
	close(half);
	close(drip);
	close_tls(other);
	server_stop(&s);
}

/* A request's headers may take 32 seconds, its body 60, the next request 90. */
static void test_slow(void **state)
{
	static const struct {
		const char *text;
		bool drips;
		int seconds;
	} rows[] = {{"GET / HTTP/1.1\r\nHost: a\r\nX: ", true, 32},
		    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n", true, 60},
		    {GET, false, 90}};
	struct server s = server_start(0);
	SSL *other = open_tls(&s);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		autobuf struct buf b = BUF_INIT;
		buf_adds(&b, rows[i].text);
		SSL *c = open_saying(&s, &b);
		if (!rows[i].drips)
			hear(c, "params=0");
		arrive(SSL_get_fd(c));
		catch_up(other);
		for (int left = rows[i].seconds - 1, step; left; left -= step) {
			step = left < 5 ? left : 5;
			pass(&s, (unsigned char)step);
			if (rows[i].drips) {
				say(c, "x");
				arrive(SSL_get_fd(c)); /* before what the others say next */
			}
			catch_up(other);
			assert_false(ended(SSL_get_fd(c)));
		}
		/* its time began when the server looked at it, which may have been a step later */
		for (int late = 0; late < 6 && !ended(SSL_get_fd(c)); late++) {
			pass(&s, 1);
			catch_up(other);
			(void)poll(&(struct pollfd){.fd = SSL_get_fd(c), .events = POLLRDHUP}, 1, 1000);
		}
		assert_true(ends(SSL_get_fd(c)));
		close_tls(c);
	}
	close_tls(other);
	server_stop(&s);
}

/* Whoever says nothing takes nobody's place: not that of those who come, nor of those whom the server knows. */
static void test_crowd(void **state)
{
	struct server s = server_start(64);
	SSL *known = open_tls(&s), *late;
	int fds[300];
	say(known, GET_KNOWN);
	hear(known, "params=0");
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = dial(&s);
	late = open_tls(&s);
	say(late, GET);
	hear(late, "params=0");
	say(known, GET_KNOWN);
	hear(known, "params=0");
	assert_true(ends(fds[0]));
	assert_true(descriptors(&s) < 64 + 30);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	close_tls(known);
	close_tls(late);
	server_stop(&s);
}

/* Streams whose clients leave with bytes unread, all at once, leave no descriptors behind. */
static void test_broken_streams(void **state)
{
	enum { N = 300 };
	struct server s = server_start(0);
	SSL *c[N], *idle = open_tls(&s);
	say(idle,
	    GET); /* the library looks at whoever did nothing for longest, and no further than to one that lives */
	hear(idle, "params=0");
	size_t before = descriptors(&s);
	open_many(&s, c, N);
	for (size_t i = 0; i < N; i++)
		say(c[i], "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
	for (size_t i = 0; i < N; i++)
		hear(c[i], "xxxx");
	assert_true(descriptors(&s) >= before + N);
	assert_int_equal(kill(s.pid, SIGSTOP), 0);
	for (size_t i = 0; i < N; i++)
		close_tls(c[i]);
	assert_int_equal(kill(s.pid, SIGCONT), 0);
	int64_t deadline = clock_mono_ns() + PATIENCE_S * NS_PER_S;
	size_t kept = before + WIRES_MAX; /* of the engines that N wanted each loop may keep one */
	while (descriptors(&s) > kept && clock_mono_ns() < deadline)
		sched_yield();
	assert_in_range(descriptors(&s), before, kept);
	close_tls(idle);
	server_stop(&s);
}

/* What the library itself refuses comes as a Status too, however much is still on its way. */
static void test_refusals(void **state)
{
	static const struct {
		const char *head, *more;
		size_t times;
		const char *want[2];
	} rows[] = {
		{"GET / HTTP/1.1\r\n",
		 "X-Filler: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n",
		 40000,
		 {" 431 ", "\"code\":431}"}},
		{"GET /",
		 "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
		 40000,
		 {" 414 ", "\"code\":414}"}},
		{"GET /?", "a=1&b=2&", 400, {" 400 ", "too many query parameters"}},
		{"GET /?", "abcdefgh", 140000, {" 414 ", "\"code\":414}"}},
		{"GET / HTTP/1.1\r\nno colon here\r\n", "X: y\r\n", 1, {" 400 ", "\"code\":400}"}},
		{"GET / HTTP/7.1\r\n", "X: y\r\n", 1, {" 505 ", "\"code\":505}"}},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n",
		 "X: y\r\n",
		 1,
		 {" 400 ", "\"code\":400}"}},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
		 "Content-Length: 1\r\n",
		 1,
		 {" 400 ", "\"code\":400}"}},
		{"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n",
		 "Transfer-Encoding: gzip\r\n",
		 1,
		 {" 501 ", "\"code\":501}"}},
		{"POST / HTTP/1.1\r\nHost: a\r\n", "Content-Length : 5\r\n", 1, {" 400 ", "\"code\":400}"}},
		{"POST / HTTP/1.1\r\nHost: a\r\n",
		 "Transfer-Encoding\t: chunked\r\n",
		 1,
		 {" 400 ", "\"code\":400}"}},
	};
	struct server s = server_start(0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SSL *c = open_tls(&s);
		autobuf struct buf b = BUF_INIT;
		buf_adds(&b, rows[i].head);
		for (size_t k = 0; k < rows[i].times; k++)
			buf_adds(&b, rows[i].more);
		buf_adds(&b, strstr(rows[i].head, "HTTP") ? "\r\n" : " HTTP/1.1\r\nHost: a\r\n\r\n");
		SSL_write(c, b.p, (int)b.len);
		hear(c, rows[i].want[0]);
		close_tls(c);
		c = open_saying(&s, &b);
		hear(c, rows[i].want[1]);
		close_tls(c);
	}
	server_stop(&s);
}

/* A sanitizer keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_TELLS false
#elif defined(__has_feature)
#define MEMORY_TELLS !(__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#else
#define MEMORY_TELLS true
#endif

static size_t rss_kb(const struct server *s)
{
	char path[64], line[128];
	size_t kb = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)s->pid);
	FILE *f = fopen(path, "r");
	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmRSS:", 6))
			kb = strtoul(line + 6, NULL, 10);
	fclose(f);
	return kb;
}

static void write_head(struct buf *b, const char *kind, size_t n)
{
	buf_adds(b, *kind == 'U' ? "GET /?x=" : "GET /?x=1 HTTP/1.1\r\nHost: a\r\nX: ");
	while (b->len < n)
		buf_adds(b, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy,");
	buf_adds(b, *kind == 'U' ? " HTTP/1.1\r\nHost: a\r\n\r\n" : "\r\n\r\n");
}

/* A megabyte of request line and headers, as upstream; on a connection that goes on, and leaves no memory behind. */
static void test_long_heads(void **state)
{
	static const size_t sizes[] = {9 << 10, 40 << 10, 64 << 10, 300 << 10, 1 << 20};
	enum { N = 8 };
	struct server s = server_start(0);
	SSL *c[N];
	open_many(&s, c, N);
	for (size_t i = 0; i < N; i++) {
		say(c[i], GET);
		hear(c[i], "params=0");
	}
	size_t before = rss_kb(&s);
	for (size_t k = 0; k < 2 * ARRAY_LEN(sizes); k++) {
		autobuf struct buf b = BUF_INIT;
		write_head(&b, k % 2 ? "URI" : "headers", sizes[k / 2] - 64);
		for (size_t i = 0; i < N; i++) {
			say(c[i], buf_str(&b));
			hear(c[i], "params=1");
			say(c[i], GET);
			hear(c[i], "params=0");
		}
	}
	size_t after = rss_kb(&s);
	if (MEMORY_TELLS && after > before + 6000)
		fail_msg("%zu KB before, %zu KB after", before, after);
	for (size_t i = 0; i < N; i++)
		close_tls(c[i]);
	server_stop(&s);
}

/* The server has said so to one of them; to which depends on how far it has read each by then. */
static void heard_by_one(SSL **c, size_t n, const char *want)
{
	autofree struct pollfd *fds = mem_array(n, sizeof(*fds));
	for (size_t i = 0; i < n; i++)
		fds[i] = (struct pollfd){.fd = SSL_get_fd(c[i]), .events = POLLIN};
	assert_true(poll(fds, n, PATIENCE_S * 1000) > 0);
	for (size_t i = 0; i < n; i++)
		if (fds[i].revents) {
			hear(c[i], want);
			return;
		}
}

/* Strangers that send much and never come to an end get a part of the memory and no more, and shut nobody out. */
static void test_endless_heads(void **state)
{
	enum { N = 60, EACH = 900 << 10 };
	struct server s = server_start(0);
	SSL *c[N], *known = open_tls(&s);
	autobuf struct buf b = BUF_INIT;
	say(known, GET_KNOWN);
	hear(known, "params=0");
	write_head(&b, "URI", EACH);
	open_many(&s, c, N);
	size_t before = rss_kb(&s);
	for (size_t i = 0; i < N; i++)
		SSL_write(c[i], b.p, EACH);
	heard_by_one(c, N, " 429 ");
	size_t after = rss_kb(&s);
	if (MEMORY_TELLS && after > before + (20 << 10))
		fail_msg("%zu KB before, %zu KB after", before, after);
	SSL *other = open_tls(&s);
	say(other, GET);
	hear(other, "params=0");
	b.len = 0;
	write_head(&b, "URI", 100 << 10);
	say(known, buf_str(&b));
	hear(known, "params=1");
	close_tls(other);
	close_tls(known);
	for (size_t i = 0; i < N; i++)
		close_tls(c[i]);
	server_stop(&s);
}

/* A watch that was asked for at length holds no place among those who are asking. */
static void test_long_watches(void **state)
{
	enum { N = 40 };
	struct server s = server_start(0);
	SSL *c[N];
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, "GET /stream?x=");
	while (b.len < 1000 << 10)
		buf_adds(&b, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy");
	buf_adds(&b, " HTTP/1.1\r\nHost: a\r\nAuthorization: known\r\n\r\n");
	open_many(&s, c, N);
	for (size_t i = 0; i < N; i++) {
		say(c[i], GET_KNOWN);
		hear(c[i], "params=0");
		say(c[i], buf_str(&b));
		hear(c[i], "xxxx");
	}
	for (size_t i = 0; i < N; i++)
		close_tls(c[i]);
	server_stop(&s);
}

/* What is read byte by byte is looked at from the line's beginning each time: nobody may buy much of that. */
static void test_tiny_records(void **state)
{
	struct server s = server_start(0);
	SSL *c = open_tls(&s);
	int on = 1;
	size_t n = 0;
	setsockopt(SSL_get_fd(c), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	say(c, "GET /?");
	while (n < 20000 && SSL_write(c, "x", 1) == 1)
		n++;
	hear(c, " 414 ");
	close_tls(c);
	server_stop(&s);
}

/* Nor around a body's chunks, where headers may come again; memory neither. */
static void test_tiny_records_of_chunks(void **state)
{
	static const char *const rows[] = {"0\r\nX: ", "1;x="};
	struct server s = server_start(0);
	int on = 1;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SSL *c = open_tls(&s);
		size_t n = 0;
		setsockopt(SSL_get_fd(c), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		say(c, CHUNKED);
		say(c, rows[i]);
		while (n < 20000 && SSL_write(c, "x", 1) == 1)
			n++;
		hear(c, " 431 ");
		close_tls(c);
	}
	server_stop(&s);
}

static void test_endless_trailers(void **state)
{
	enum { N = 60, EACH = 900 << 10 };
	struct server s = server_start(0);
	SSL *c[N];
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, CHUNKED "0\r\nX: ");
	while (b.len < EACH)
		buf_adds(&b, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy,");
	open_many(&s, c, N);
	for (size_t i = 0; i < N; i++)
		SSL_write(c[i], b.p, EACH);
	heard_by_one(c, N, " 429 ");
	for (size_t i = 0; i < N; i++)
		close_tls(c[i]);
	server_stop(&s);
}

/* A large body counts as a body, however it is cut. */
static void test_chunks(void **state)
{
	struct server s = server_start(0);
	SSL *c = open_tls(&s);
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, CHUNKED "100000\r\n");
	for (size_t i = 0; i < 1 << 15; i++)
		buf_adds(&b, "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy,");
	buf_adds(&b, "\r\n");
	for (size_t i = 0; i < 200000; i++)
		buf_adds(&b, "1;a\r\nz\r\n");
	buf_adds(&b, "0\r\nX: y\r\n\r\n");
	for (int i = 0; i < 2; i++) {
		say(c, buf_str(&b));
		hear(c, "params=0");
	}
	close_tls(c);
	server_stop(&s);
}

/* The first half of a request that came along with the one before is not forgotten while the second is awaited. */
static void test_halves(void **state)
{
	struct server s = server_start(0);
	SSL *c = open_tls(&s);
	say(c, GET "GET /who HTTP/1.1\r\nHost: a\r\nAuthorization: known\r\nX: y\r\nY: z\r\n");
	hear(c, "params=0");
	pass(&s, 11);
	SSL *other = open_tls(&s);
	catch_up(other);
	say(c, "Z: z\r\n\r\n");
	hear(c, "who=ann");
	close_tls(other);
	close_tls(c);
	server_stop(&s);
}

/* A refusal is for him who sent what is refused, whoever else has something under way. */
static void test_right_one(void **state)
{
	enum { N = 16 };
	struct server s = server_start(0);
	SSL *good[N], *bad[N];
	open_many(&s, good, N);
	open_many(&s, bad, N);
	assert_int_equal(kill(s.pid, SIGSTOP), 0);
	for (size_t i = 0; i < N; i++) {
		say(bad[i], i % 2 ? GET "GET / HTTP/7.1\r\n\r\n" : "GET / HTTP/1.1\r\nno colon\r\n\r\n");
		say(good[i], "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	}
	assert_int_equal(kill(s.pid, SIGCONT), 0);
	for (size_t i = 0; i < N; i++)
		hear(bad[i], i % 2 ? " 505 " : " 400 ");
	for (size_t i = 0; i < N; i++) {
		say(good[i], "y\r\n\r\n");
		hear(good[i], "params=0");
		close_tls(good[i]);
		close_tls(bad[i]);
	}
	server_stop(&s);
}

/* A reply that was begun is sent to its end although the server stops; who does not read waits in vain. */
static void test_stop(void **state)
{
	static char text[1 << 16];
	struct server s = server_start(0);
	SSL *c = open_tls(&s), *lazy = open_tls(&s);
	size_t len = 0;
	int n;
	say(lazy, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
	say(c, "GET /long HTTP/1.1\r\nHost: a\r\n\r\n");
	hear(c, "....");
	close(s.life);
	while (len <= LONG - 4096 && (n = SSL_read(c, text, sizeof(text))) > 0)
		len += (size_t)n;
	assert_true(len > LONG - 4096);
	close_tls(c);
	pass(&s, 0);
	server_gone(&s);
	close_tls(lazy);
}

/* Fewer open files than connections are promised: it says so, serves those, and goes on when all are in use. */
static void test_few_files(void **state)
{
	struct rlimit had, few;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &had), 0);
	few = had;
	few.rlim_cur = few.rlim_max = 128;
	struct server s = server_start(0);
	assert_int_equal(prlimit(s.pid, RLIMIT_NOFILE, &few, NULL), 0);
	int fds[300];
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		fds[i] = dial(&s);
	SSL *c = open_tls(&s);
	say(c, GET);
	hear(c, "params=0");
	close_tls(c);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		close(fds[i]);
	server_stop(&s);
}

#define UPGRADE "GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\nConnection: Upgrade\r\nOrigin: o\r\n\r\n"

/* A connection stops to be HTTP: bytes go both ways, and the end is the end of the connection. */
static void test_upgrade(void **state)
{
	struct server s = server_start(0);
	size_t had = descriptors(&s);
	SSL *c = open_tls(&s), *gone = open_tls(&s), *kept = open_tls(&s);
	char text[16];
	say(c, UPGRADE);
	hear(c,
	     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\nX-Origin: o\r\n\r\n");
	for (int i = 0; i < 3; i++) {
		say(c, "hello there");
		hear(c, "hello there");
	}
	say(gone, UPGRADE);
	hear(gone, "101");
	close_tls(gone);
	say(c, "good bye");
	hear(c, "good bye");
	assert_int_equal(SSL_read(c, text, sizeof(text)), 0);
	assert_int_equal(SSL_get_error(c, 0), SSL_ERROR_ZERO_RETURN);
	assert_true(ends(SSL_get_fd(c)));
	close_tls(c);
	/* without `Connection: Upgrade` it is a request like any other */
	say(kept, "GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\n\r\n");
	hear(kept, "params=0");
	for (int64_t deadline = clock_mono_ns() + PATIENCE_S * NS_PER_S;
	     descriptors(&s) > had + 1 && clock_mono_ns() < deadline;)
		catch_up(kept);
	assert_int_equal(descriptors(&s), had + 1);
	/* one that is open when the server stops does not hold it up */
	say(kept, UPGRADE);
	hear(kept, "101");
	server_stop(&s);
	close_tls(kept);
}

/* Somebody else's answer, whose length is told, ends the connection: the client is told so, and it ends at once. */
static void test_told_length(void **state)
{
	static char text[SOURCE_BYTES + 4096];
	struct server s = server_start(0);
	SSL *c = open_tls(&s);
	const char *body = NULL;
	int len = 0, n;
	size_t open;
	catch_up(c);
	open = descriptors(&s);
	say(c, "GET /told HTTP/1.1\r\nHost: a\r\n\r\n");
	while ((n = SSL_read(c, text + len, (int)sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = 0;
	body = strstr(text, "\r\n\r\n");
	assert_non_null(body);
	assert_int_equal(text + len - body - 4, SOURCE_BYTES);
	assert_non_null(strstr(text, "\r\nContent-Length: 65536\r\n"));
	assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
	/* The server's side, too, though nothing else happens. */
	int64_t deadline = clock_mono_ns() + PATIENCE_S * NS_PER_S;
	while (descriptors(&s) >= open && clock_mono_ns() < deadline)
		sched_yield();
	assert_true(descriptors(&s) < open);
	close_tls(c);
	server_stop(&s);
}

/* Headers and body are one record, as far as one goes. */
static void test_one_record(void **state)
{
	static const char *const paths[] = {"/", "/page", "/long"};
	static const char *const ends[] = {"params=0", "a line\nthe end", ".........."};
	static char text[32768];
	struct server s = server_start(0);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		SSL *c = open_tls(&s);
		autofree char *get = mem_printf("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", paths[i]);
		say(c, get);
		int n = SSL_read(c, text, sizeof(text) - 1);
		assert_true(n > 0);
		text[n] = 0;
		assert_memory_equal(text, "HTTP/1.1 200 ", 13);
		assert_string_equal(text + n - strlen(ends[i]), ends[i]);
		close_tls(c);
	}
	server_stop(&s);
}

/* Whose replies fill the socket gets them all, whole, when he reads. */
static void test_full_socket(void **state)
{
	enum { N = 1500 };
	static char text[16384];
	struct server s = server_start(0);
	SSL *c = open_tls(&s);
	size_t got = 0, each = 0, len = 0;
	int n;
	for (int i = 0; i < N; i++)
		say(c, "GET /page HTTP/1.1\r\nHost: a\r\n\r\n");
	arrive(SSL_get_fd(c));
	while (got < N && (n = SSL_read(c, text, sizeof(text) - 1)) > 0) {
		text[n] = 0;
		len += (size_t)n;
		if (strcmp(text + n - strlen("the end"), "the end") != 0)
			continue;
		each = each ? each : len;
		assert_int_equal(len, each);
		len = 0;
		got++;
	}
	assert_int_equal(got, N);
	close_tls(c);
	server_stop(&s);
}

/* Until the peer has acknowledged what was sent. */
static int64_t unacknowledged_ns(int fd)
{
	int64_t begun = loop_real_ns(), took;
	int left = 1;
	while (left && (took = loop_real_ns() - begun) < PATIENCE_S * NS_PER_S) {
		assert_int_equal(ioctl(fd, SIOCOUTQ, &left), 0);
		(void)sched_yield();
	}
	assert_int_equal(left, 0);
	return took;
}

/* The kernel keeps an acknowledgement back for 40 ms, and a client with Nagle's algorithm its request as long; but for one here
   and there on a busy machine, where others take longer for other reasons. */
static void test_handshake_is_acknowledged(void **state)
{
	enum { TRIES = 400, ENOUGH = 15 };
	struct server s = server_start(0);
	int soon = 0;
	for (int i = 0; i < TRIES && soon < ENOUGH; i++) {
		SSL *c = open_tls(&s);
		soon += unacknowledged_ns(SSL_get_fd(c)) < 30 * NS_PER_MS;
		close_tls(c);
	}
	assert_int_equal(soon, ENOUGH);
	server_stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_silent),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_crowd),
		cmocka_unit_test(test_broken_streams),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_few_files),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_long_heads),
		cmocka_unit_test(test_endless_heads),
		cmocka_unit_test(test_tiny_records),
		cmocka_unit_test(test_right_one),
		cmocka_unit_test(test_long_watches),
		cmocka_unit_test(test_tiny_records_of_chunks),
		cmocka_unit_test(test_endless_trailers),
		cmocka_unit_test(test_chunks),
		cmocka_unit_test(test_halves),
		cmocka_unit_test(test_upgrade),
		cmocka_unit_test(test_one_record),
		cmocka_unit_test(test_told_length),
		cmocka_unit_test(test_full_socket),
		cmocka_unit_test(test_handshake_is_acknowledged),
	};
	struct rlimit r;
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	signal(SIGPIPE, SIG_IGN);
	tls = SSL_CTX_new(TLS_client_method());
	int rc = cmocka_run_group_tests(tests, NULL, NULL);
	SSL_CTX_free(tls);
	return rc;
}
