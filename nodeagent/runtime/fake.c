/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All state of a world is under one lock: operations are a few instructions long. Ends that lie in the future
 * wait in a heap, for the first of which a timer of the loop is set.
 */
#include "runtime/fake.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "runtime/runtime_internal.h"

enum { ADDRESSES = 254, FAKE_ID_DIGITS = 16 };

struct fake_world {
	pthread_mutex_t lock; /* guards everything; on_exit is called without it */
	struct heap exits;
	struct loop *loop;
	struct loop_timer timer; /* the loop's */
};

struct sandbox {
	struct list link;
	char id[FAKE_ID_DIGITS + 1];
	char *uid, *ns, *name;
	unsigned attempt;
	int address; /* last byte; 0 = host network */
	bool stopped;
	int64_t created_ns;
};

struct ctr {
	struct list link;
	struct heap_node node;
	struct fake *f;
	struct sandbox *s;
	char id[FAKE_ID_DIGITS + 1];
	char *name, *image, *asked;
	unsigned attempt;
	enum runtime_state state;
	int exit_code, order_code, stop_signal;
	double order_s; /* < 0: no order */
	int64_t created_ns, started_ns, finished_ns, exit_at_ns;
};

struct fake {
	struct runtime rt;
	struct fake_world *w;
	uint32_t net; /* host order, ends in .0 */
	bool used[ADDRESSES + 1];
	struct list sandboxes, containers;
	runtime_exit_fn *on_exit;
	void *arg;
};

static struct fake *fake_of(struct runtime *rt)
{
	return CONTAINER_OF(rt, struct fake, rt);
}

static struct sandbox *find_sandbox(struct fake *f, const char *id)
{
	list_for_each (n, &f->sandboxes)
		if (!strcmp(list_entry(n, struct sandbox, link)->id, id))
			return list_entry(n, struct sandbox, link);
	return NULL;
}

static struct ctr *find(struct fake *f, const char *id)
{
	list_for_each (n, &f->containers)
		if (!strcmp(list_entry(n, struct ctr, link)->id, id))
			return list_entry(n, struct ctr, link);
	return NULL;
}

/* ---- ends ---- */

static void end(struct ctr *c, int code)
{
	heap_remove(&c->f->w->exits, &c->node);
	c->state = RUNTIME_EXITED;
	c->exit_code = code;
	c->finished_ns = clock_wall_ns();
}

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
	return CONTAINER_OF(a, struct ctr, node)->exit_at_ns < CONTAINER_OF(b, struct ctr, node)->exit_at_ns;
}

/* On the loop. */
static void set_timer(void *arg)
{
	struct fake_world *w = arg;
	pthread_mutex_lock(&w->lock);
	struct heap_node *first = heap_peek(&w->exits);
	int64_t at_ns = first ? CONTAINER_OF(first, struct ctr, node)->exit_at_ns : CLOCK_NEVER;
	pthread_mutex_unlock(&w->lock);
	loop_timer_set(w->loop, &w->timer, at_ns);
}

/* The first whose time has come; false: there is none. */
static bool end_next(struct fake_world *w)
{
	char id[FAKE_ID_DIGITS + 1];
	pthread_mutex_lock(&w->lock);
	struct heap_node *first = heap_peek(&w->exits);
	struct ctr *c = first ? CONTAINER_OF(first, struct ctr, node) : NULL;
	struct fake *f = c && c->exit_at_ns <= clock_mono_ns() ? c->f : NULL;
	if (f) {
		memcpy(id, c->id, sizeof(id));
		end(c, c->order_code);
	}
	pthread_mutex_unlock(&w->lock);
	if (f)
		f->on_exit(f->arg, id);
	return f != NULL;
}

static void on_timer(void *arg)
{
	while (end_next(arg))
		;
	set_timer(arg);
}

static void schedule(struct ctr *c)
{
	struct fake_world *w = c->f->w;
	if (c->order_s < 0)
		return;
	c->exit_at_ns = clock_mono_ns() + (int64_t)(c->order_s * (double)NS_PER_S);
	heap_push(&w->exits, &c->node);
	if (heap_peek(&w->exits) == &c->node)
		loop_post(w->loop, set_timer, w);
}

/* "CODE@SECONDS" */
static void read_order(struct ctr *c, const struct runtime_container_spec *spec)
{
	c->order_s = -1;
	for (size_t i = 0; i < spec->n_annotations; i++) {
		const char *v = spec->annotations[i].value;
		char *at, *last;
		if (strcmp(spec->annotations[i].key, FAKE_EXIT_ANNOTATION) != 0)
			continue;
		long code = strtol(v, &at, 10);
		if (at == v || *at != '@' || code < 0 || code > 255)
			continue;
		double s = strtod(at + 1, &last);
		if (last == at + 1 || *last || !(s >= 0 && s <= 1e6))
			continue;
		c->order_code = (int)code;
		c->order_s = s;
	}
}

/* ---- sandboxes ---- */

static void fill_sandbox(const struct fake *f, const struct sandbox *s, struct runtime_sandbox *ret)
{
	struct in_addr a = {htonl(f->net + (uint32_t)s->address)};
	*ret = (struct runtime_sandbox){.ready = !s->stopped, .created_ns = s->created_ns};
	memcpy(ret->id, s->id, sizeof(s->id));
	if (s->address)
		inet_ntop(AF_INET, &a, ret->ips[0], sizeof(ret->ips[0]));
}

static int sandbox_run(struct runtime *rt, const struct runtime_sandbox_spec *spec,
		       struct runtime_sandbox *ret, struct err *err)
{
	struct fake *f = fake_of(rt);
	int address = 0;
	pthread_mutex_lock(&f->w->lock);
	if (!spec->host_network)
		for (address = 1; address <= ADDRESSES && f->used[address];)
			address++;
	if (address > ADDRESSES) {
		pthread_mutex_unlock(&f->w->lock);
		return err_set(err, REASON_UNAVAILABLE, "no IP addresses available in range set");
	}
	struct sandbox *s = MEM_NEW(struct sandbox);
	snprintf(s->id, sizeof(s->id), "%s", spec->id);
	s->uid = mem_strdup(spec->pod_uid);
	s->ns = mem_strdup(spec->pod_namespace);
	s->name = mem_strdup(spec->pod_name);
	s->attempt = spec->attempt;
	s->address = address;
	s->created_ns = clock_wall_ns();
	f->used[address] = true;
	list_push_back(&f->sandboxes, &s->link);
	fill_sandbox(f, s, ret);
	pthread_mutex_unlock(&f->w->lock);
	return 0;
}

static void ctr_free(struct ctr *c)
{
	heap_remove(&c->f->w->exits, &c->node);
	list_del(&c->link);
	free(c->name);
	free(c->image);
	free(c->asked);
	free(c);
}

static void sandbox_free(struct fake *f, struct sandbox *s)
{
	list_for_each_safe (n, &f->containers)
		if (list_entry(n, struct ctr, link)->s == s)
			ctr_free(list_entry(n, struct ctr, link));
	f->used[s->address] = false;
	list_del(&s->link);
	free(s->uid);
	free(s->ns);
	free(s->name);
	free(s);
}

static int sandbox_remove(struct runtime *rt, const char *id, struct err *err)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	struct sandbox *s = find_sandbox(f, id);
	if (s)
		sandbox_free(f, s);
	pthread_mutex_unlock(&f->w->lock);
	return 0;
}

static int sandbox_stop(struct runtime *rt, const char *id, struct err *err)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	struct sandbox *s = find_sandbox(f, id);
	list_for_each (n, &f->containers) {
		struct ctr *c = list_entry(n, struct ctr, link);
		if (s && c->s == s && c->state == RUNTIME_RUNNING)
			end(c, 128 + SIGKILL);
	}
	if (s) {
		s->stopped = true;
		f->used[s->address] = false;
		s->address = 0;
	}
	pthread_mutex_unlock(&f->w->lock);
	return 0;
}

static int sandbox_status(struct runtime *rt, const char *id, struct runtime_sandbox *ret, struct err *err)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	struct sandbox *s = find_sandbox(f, id);
	if (s)
		fill_sandbox(f, s, ret);
	pthread_mutex_unlock(&f->w->lock);
	return s ? 0 : err_set(err, REASON_NOT_FOUND, "sandbox %s not found", id);
}

static int sandbox_update(struct runtime *rt, const char *id, const struct runtime_limits *l, struct err *err)
{
	struct runtime_sandbox s;
	return sandbox_status(rt, id, &s, err);
}

/* ---- images ---- */

static bool exists(const char *ref)
{
	size_t host = strcspn(ref, "/:");
	return !(ref[host] && host > 8 && !strncmp(ref + host - 8, ".invalid", 8));
}

static int image_get(struct runtime *rt, const char *ref, struct runtime_image *ret, struct err *err)
{
	static const uint64_t key[2] = {1, 2};
	if (!exists(ref))
		return err_set(err, REASON_NOT_FOUND, "image \"%s\" not found", ref);
	uint64_t h = map_siphash13(key, ref, strlen(ref));
	char hex[65];
	snprintf(hex, sizeof(hex), "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64, h, ~h, h * 3,
		 h * 5);
	*ret = (struct runtime_image){.id = mem_printf("sha256:%s", hex),
				      .ref = mem_strdup(ref),
				      .digest_ref = mem_printf("%s@sha256:%s", ref, hex),
				      .working_dir = mem_strdup(""),
				      .user = mem_strdup(""),
				      .stop_signal = mem_strdup("")};
	return 0;
}

static int image_pull(struct runtime *rt, const char *ref, const struct runtime_auth *auth,
		      struct cancel *cancel, struct runtime_image *ret, struct err *err)
{
	if (!exists(ref))
		return err_set(err, REASON_UNAVAILABLE, "failed to pull \"%s\": no such host", ref);
	return image_get(rt, ref, ret, err);
}

static int image_remove(struct runtime *rt, const char *ref, int64_t *ret_freed, struct err *err)
{
	return 0;
}

static int image_list(struct runtime *rt, struct runtime_image_list *ret, struct err *err)
{
	*ret = (struct runtime_image_list){0};
	return 0;
}

static int image_import(struct runtime *rt, const char *file, const char *name, struct err *err)
{
	return err_set(err, REASON_METHOD_NOT_ALLOWED, "a fake runtime keeps no images");
}

/* ---- containers ---- */

static int container_create(struct runtime *rt, const struct runtime_container_spec *spec, struct err *err)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	struct sandbox *s = find_sandbox(f, spec->sandbox_id);
	if (s) {
		struct ctr *c = MEM_NEW(struct ctr);
		c->f = f;
		c->s = s;
		snprintf(c->id, sizeof(c->id), "%s", spec->id);
		c->name = mem_strdup(spec->name);
		c->image = mem_strdup(spec->image_id);
		c->stop_signal = spec->stop_signal ? spec->stop_signal : SIGTERM;
		c->asked = mem_strdup(spec->image_asked ? spec->image_asked : "");
		c->attempt = spec->attempt;
		c->created_ns = clock_wall_ns();
		read_order(c, spec);
		list_push_back(&f->containers, &c->link);
	}
	pthread_mutex_unlock(&f->w->lock);
	return s ? 0 : err_set(err, REASON_NOT_FOUND, "sandbox %s not found", spec->sandbox_id);
}

static int container_start(struct runtime *rt, const char *id, struct err *err)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	struct ctr *c = find(f, id);
	if (c) {
		c->state = RUNTIME_RUNNING;
		c->started_ns = clock_wall_ns();
		schedule(c);
	}
	pthread_mutex_unlock(&f->w->lock);
	return c ? 0 : err_set(err, REASON_NOT_FOUND, "container %s not found", id);
}

static int container_signal(struct runtime *rt, const char *id, int sig, struct err *err)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	struct ctr *c = find(f, id);
	bool ends = c && c->state == RUNTIME_RUNNING;
	if (ends)
		end(c, sig == SIGTERM ? 0 : 128 + sig);
	pthread_mutex_unlock(&f->w->lock);
	if (ends)
		f->on_exit(f->arg, id);
	return c ? 0 : err_set(err, REASON_NOT_FOUND, "container %s not found", id);
}

static void fill(const struct ctr *c, struct runtime_container *ret)
{
	*ret = (struct runtime_container){.state = c->state,
					  .pid = c->state == RUNTIME_RUNNING,
					  .exit_code = c->exit_code,
					  .created_ns = c->created_ns,
					  .started_ns = c->started_ns,
					  .finished_ns = c->finished_ns,
					  .stop_signal = c->stop_signal};
	memcpy(ret->id, c->id, sizeof(c->id));
}

static int container_status(struct runtime *rt, const char *id, struct runtime_container *ret,
			    struct err *err)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	struct ctr *c = find(f, id);
	if (c)
		fill(c, ret);
	pthread_mutex_unlock(&f->w->lock);
	return c ? 0 : err_set(err, REASON_NOT_FOUND, "container %s not found", id);
}

static int container_remove(struct runtime *rt, const char *id, struct err *err)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	struct ctr *c = find(f, id);
	if (c)
		ctr_free(c);
	pthread_mutex_unlock(&f->w->lock);
	return 0;
}

/* ---- inside a container ---- */

static int running(struct runtime *rt, const char *id, struct err *err)
{
	struct runtime_container c = {.state = RUNTIME_UNKNOWN};
	struct err ignored = ERR_INIT;
	(void)!container_status(rt, id, &c, &ignored);
	return c.state == RUNTIME_RUNNING ? 0
					  : err_set(err, REASON_NOT_FOUND, "container %s is not running", id);
}

static int container_update(struct runtime *rt, const char *id, const struct runtime_limits *l,
			    struct err *err)
{
	struct runtime_container c;
	return container_status(rt, id, &c, err);
}

static int container_reopen_log(struct runtime *rt, const char *id, struct err *err)
{
	return running(rt, id, err);
}

/* What the pretended command writes: its own words. Its exit code: "exit N" ends with N, "hang" never ends. */
static int pretend(const char *const *argv, struct buf *out)
{
	for (size_t i = 0; argv[i]; i++)
		buf_addf(out, "%s%s", i ? " " : "", argv[i]);
	buf_addc(out, '\n');
	return !strcmp(argv[0], "exit") && argv[1] ? (int)strtol(argv[1], NULL, 10) & 0xff : 0;
}

static int exec_sync(struct runtime *rt, const char *id, const char *const *argv, int64_t timeout_ns,
		     struct runtime_exec_result *ret, struct err *err)
{
	autobuf struct buf out = BUF_INIT;
	if (running(rt, id, err) < 0)
		return -1;
	if (!strcmp(argv[0], "hang"))
		return err_set(err, REASON_TIMEOUT, "command \"%s\" timed out", argv[0]);
	ret->exit_code = pretend(argv, &out);
	if (ret->out)
		buf_add(ret->out, buf_str(&out), out.len);
	return 0;
}

/* A pipe that holds the text, and then its end. */
static int pipe_with(const void *p, size_t n)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	(void)!write(fds[1], p, n);
	close(fds[1]);
	return fds[0];
}

static int exec(struct runtime *rt, const char *id, const struct runtime_exec_spec *spec,
		struct runtime_stream *ret, struct err *err)
{
	autobuf struct buf out = BUF_INIT;
	struct runtime_report r = {.kind = RUNTIME_REPORT_ENDED};
	int ends[2];
	if (running(rt, id, err) < 0)
		return -1;
	r.value = pretend(spec->argv, &out);
	runtime_stream_init(ret);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return err_errno(err, "socketpair");
	(void)!send(ends[1], &r, sizeof(r), MSG_NOSIGNAL);
	close(ends[1]);
	ret->status = ends[0];
	ret->in = spec->in ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	ret->out = spec->out || spec->tty ? pipe_with(buf_str(&out), out.len) : -1;
	ret->errors = spec->errors && !spec->tty ? pipe_with("", 0) : -1;
	return 0;
}

/* A container that writes nothing and reads nothing. */
static int attach(struct runtime *rt, const char *id, struct runtime_stream *ret, struct err *err)
{
	if (running(rt, id, err) < 0)
		return -1;
	runtime_stream_init(ret);
	ret->out = pipe_with("", 0);
	return 0;
}

static int port_forward(struct runtime *rt, const char *sandbox_id, int port, int *ret_fd, struct err *err)
{
	struct runtime_sandbox s;
	if (sandbox_status(rt, sandbox_id, &s, err) < 0)
		return -1;
	return err_set(err, REASON_UNAVAILABLE, "nobody listens on port %d of a fake sandbox", port);
}

/* ---- the rest ---- */

static void list_one_sandbox(struct fake *f, const struct sandbox *s, struct runtime_list_sandbox *out)
{
	*out = (struct runtime_list_sandbox){.pod_uid = mem_strdup(s->uid),
					     .pod_namespace = mem_strdup(s->ns),
					     .pod_name = mem_strdup(s->name),
					     .attempt = s->attempt};
	fill_sandbox(f, s, &out->s);
}

static void list_one(const struct ctr *c, struct runtime_list_container *out)
{
	*out = (struct runtime_list_container){.pod_uid = mem_strdup(c->s->uid),
					       .name = mem_strdup(c->name),
					       .image_id = mem_strdup(c->image),
					       .image_ref = mem_strdup(c->image),
					       .image_asked = mem_strdup(c->asked),
					       .digest_ref = mem_strdup(c->image),
					       .log_path = mem_strdup(""),
					       .termination_log = mem_strdup(""),
					       .attempt = c->attempt};
	fill(c, &out->c);
	memcpy(out->sandbox_id, c->s->id, sizeof(c->s->id));
}

static size_t length(const struct list *l)
{
	size_t n = 0;
	list_for_each (e, l)
		n++;
	return n;
}

static int list_all(struct runtime *rt, struct runtime_list *ret, struct err *err)
{
	struct fake *f = fake_of(rt);
	*ret = (struct runtime_list){0};
	pthread_mutex_lock(&f->w->lock);
	ret->sandboxes = mem_array(length(&f->sandboxes), sizeof(*ret->sandboxes));
	ret->containers = mem_array(length(&f->containers), sizeof(*ret->containers));
	list_for_each (n, &f->sandboxes)
		list_one_sandbox(f, list_entry(n, struct sandbox, link), &ret->sandboxes[ret->n_sandboxes++]);
	list_for_each (n, &f->containers)
		list_one(list_entry(n, struct ctr, link), &ret->containers[ret->n_containers++]);
	pthread_mutex_unlock(&f->w->lock);
	return 0;
}

static void fake_free(struct runtime *rt)
{
	struct fake *f = fake_of(rt);
	pthread_mutex_lock(&f->w->lock);
	list_for_each_safe (n, &f->sandboxes)
		sandbox_free(f, list_entry(n, struct sandbox, link));
	pthread_mutex_unlock(&f->w->lock);
	free(f);
}

/* The network was given when it was made. */
static int set_pod_cidr(struct runtime *rt, const char *cidr, struct err *err)
{
	return 0;
}

static bool network_ready(struct runtime *rt, struct err *why)
{
	return true;
}

static int teardown(struct runtime *rt, struct err *err)
{
	fake_free(rt);
	return 0;
}

static const struct runtime_ops ops = {
	.name = "fake",
	.id_digits = FAKE_ID_DIGITS,
	.version = "1.0",
	.sandbox_run = sandbox_run,
	.sandbox_stop = sandbox_stop,
	.sandbox_remove = sandbox_remove,
	.sandbox_status = sandbox_status,
	.sandbox_update = sandbox_update,
	.image_get = image_get,
	.image_pull = image_pull,
	.image_remove = image_remove,
	.image_list = image_list,
	.image_import = image_import,
	.container_create = container_create,
	.container_start = container_start,
	.container_signal = container_signal,
	.container_status = container_status,
	.container_remove = container_remove,
	.container_update = container_update,
	.container_reopen_log = container_reopen_log,
	.exec_sync = exec_sync,
	.exec = exec,
	.attach = attach,
	.port_forward = port_forward,
	.list = list_all,
	.set_pod_cidr = set_pod_cidr,
	.network_ready = network_ready,
	.teardown = teardown,
	.free = fake_free,
};

struct fake_world *fake_world_new(struct loop *l)
{
	struct fake_world *w = MEM_NEW(struct fake_world);
	pthread_mutex_init(&w->lock, NULL);
	w->exits = (struct heap)HEAP_INIT(sooner);
	w->loop = l;
	w->timer = (struct loop_timer){.fn = on_timer, .arg = w};
	return w;
}

static void stop_timer(void *arg)
{
	struct fake_world *w = arg;
	loop_timer_set(w->loop, &w->timer, CLOCK_NEVER);
}

void fake_world_free(struct fake_world *w)
{
	if (!w)
		return;
	loop_finish(w->loop, stop_timer, w);
	heap_release(&w->exits);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct runtime *fake_new(struct fake_world *w, const char *cidr, runtime_exit_fn *on_exit, void *arg,
			 struct err *err)
{
	struct in_addr a;
	char text[INET_ADDRSTRLEN];
	size_t n = strcspn(cidr, "/");
	if (n >= sizeof(text) || strcmp(cidr + n, "/24") != 0) {
		(void)err_set(err, REASON_INVALID, "fake node network %s is not an IPv4 /24", cidr);
		return NULL;
	}
	memcpy(text, cidr, n);
	text[n] = '\0';
	if (inet_pton(AF_INET, text, &a) != 1 || (ntohl(a.s_addr) & 0xff)) {
		(void)err_set(err, REASON_INVALID, "fake node network %s is not an IPv4 /24", cidr);
		return NULL;
	}
	struct fake *f = MEM_NEW(struct fake);
	f->rt.ops = &ops;
	f->w = w;
	f->net = ntohl(a.s_addr);
	f->on_exit = on_exit;
	f->arg = arg;
	list_init(&f->sandboxes);
	list_init(&f->containers);
	return &f->rt;
}
