/* SPDX-License-Identifier: Apache-2.0 */
/* See usage.h. The request is judged on a worker; what is known of agents belongs to the relays' loop, where it is answered. */
#include "rest/usage/usage.h"

#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "object/quantity.h"
#include "object/rfc3339.h"
#include "rest/log/place.h"
#include "rest/log/relay.h"
#include "rest/options.h"
#include "rest/present.h"
#include "rest/usage/gauge.h"

#define FRESH_NS (10 * NS_PER_S)
#define FORGET_NS (90 * NS_PER_S)
#define AGAIN_NS NS_PER_S /* between the two pages of one that was not known */
#define ANSWER_NS (8 * NS_PER_S)
#define PAGE_MAX (64u << 20)
#define ASKED_AT_ONCE 128 /* agents: each costs a connection and its page */

/* ---- agents: the loop's ---- */

struct usage_agent {
	struct usage *all;
	char *url, *node; /* of the page; a node that it is of */
	struct gauge gauge;
	int64_t taken_ns, asked_ns; /* monotonic; 0 = never */
	bool asking;
	struct loop_timer again;
	struct list waiting; /* struct usage_wait */
	struct list turn;    /* in the queue, while too many are asked */
};
struct usage {
	struct relays *relays;
	size_t asked; /* agents that have not answered yet */
	struct list queue;
	struct map agents; /* url -> struct usage_agent */
	struct loop_timer forget;
};

/* One that a request waits for. */
struct usage_wait {
	struct list link;
	struct usage_call *call;
};

struct usage_row {
	struct obj *o; /* the Pod or Node */
	char *url;     /* of its agent; NULL: nowhere */
	const char *node;
};
struct usage_call {
	struct exchange *x;
	usage_done_fn *done;
	bool single;
	struct list_options options;
	struct accept accept;
	struct obj_list list;
	struct usage_row *rows;
	size_t n, waits; /* waits: agents that have not answered, plus one while they are being asked */
};

static void answer(struct usage_call *c);

static void wake(struct usage_agent *a)
{
	list_for_each_safe (l, &a->waiting) {
		struct usage_wait *w = list_entry(l, struct usage_wait, link);
		struct usage_call *c = w->call;

		list_del(&w->link);
		free(w);
		if (--c->waits == 0)
			answer(c);
	}
}

static void ask_agent(struct usage_agent *a);

static void on_again(void *arg)
{
	ask_agent(arg);
}

static void on_page(void *arg, struct buf *body, const struct err *err);

static void ask_next(struct usage *u)
{
	while (u->asked < ASKED_AT_ONCE && !list_empty(&u->queue)) {
		struct usage_agent *a = list_entry(list_pop_front(&u->queue), struct usage_agent, turn);

		u->asked++;
		relays_get(u->relays, a->url, ANSWER_NS, PAGE_MAX, on_page, a);
	}
}

static void ask_agent(struct usage_agent *a)
{
	a->asking = true;
	list_push_back(&a->all->queue, &a->turn);
	ask_next(a->all);
}

static void on_page(void *arg, struct buf *body, const struct err *err)
{
	struct usage_agent *a = arg;

	a->asking = false;
	a->all->asked--;
	ask_next(a->all);
	if (body) {
		a->taken_ns = clock_mono_ns();
		buf_str(body);
		gauge_take(&a->gauge, body->p, a->node, clock_wall_ns());
		if (!a->gauge.twice) {
			a->asking = true;
			loop_timer_set(relays_loop(a->all->relays), &a->again, a->taken_ns + AGAIN_NS);
			return;
		}
	} else {
		log_v(2, "node agent does not say what it uses", "url=%s err=\"%s\"", a->url, err->msg);
	}
	wake(a);
}

static void agent_free(struct usage_agent *a)
{
	gauge_release(&a->gauge);
	free(a->url);
	free(a->node);
	free(a);
}

static void on_forget(void *arg)
{
	struct usage *u = arg;
	int64_t now = clock_mono_ns();

	for (struct map_iter it = {0}; map_next(&u->agents, &it);) {
		struct usage_agent *a = it.value;

		if (a->asking || now - a->asked_ns < FORGET_NS)
			continue;
		(void)map_del(&u->agents, it.key);
		agent_free(a);
	}
	if (map_len(&u->agents))
		loop_timer_set(relays_loop(u->relays), &u->forget, now + FORGET_NS);
}

static struct usage_agent *agent_of(struct usage *u, const struct usage_row *r)
{
	struct usage_agent *a = map_get(&u->agents, r->url);

	if (!a) {
		a = MEM_NEW(struct usage_agent);
		*a = (struct usage_agent){.all = u, .url = mem_strdup(r->url), .node = mem_strdup(r->node)};
		a->again = (struct loop_timer){.fn = on_again, .arg = a};
		list_init(&a->waiting);
		(void)map_set(&u->agents, r->url, a);
		if (map_len(&u->agents) == 1)
			loop_timer_set(relays_loop(u->relays), &u->forget, clock_mono_ns() + FORGET_NS);
	}
	return a;
}

struct usage *usage_new(struct relays *relays)
{
	struct usage *u = MEM_NEW(struct usage);

	u->relays = relays;
	u->forget = (struct loop_timer){.fn = on_forget, .arg = u};
	list_init(&u->queue);
	return u;
}

void usage_free(struct usage *u)
{
	if (!u)
		return;
	for (struct map_iter it = {0}; map_next(&u->agents, &it);)
		agent_free(it.value);
	map_release(&u->agents);
	free(u);
}

/* ---- the answer ---- */

static void add_amounts(js *o, const struct gauge_usage *g)
{
	struct quantity cpu = {.nano = g->cpu_nano, .format = QUANTITY_DECIMAL_SI},
			memory = {.nano = (__int128)g->memory * 1000000000, .format = QUANTITY_BINARY_SI};
	char text[QUANTITY_TEXT_MAX];
	js *usage = js_ensure(o, "usage", NULL);

	quantity_format(&cpu, text);
	js_set_str(usage, "cpu", text);
	quantity_format(&memory, text);
	js_set_str(usage, "memory", text);
}

static js *begin_object(const struct usage_call *c, const struct obj *of, const struct gauge_usage *g)
{
	js *o = js_new_obj(), *meta;
	char at[RFC3339_MAX], now[RFC3339_MAX];
	int64_t ms = (g->window_ns + NS_PER_MS / 2) / NS_PER_MS;
	autofree char *window = mem_printf("%lld.%03llds", (long long)(ms / 1000), (long long)(ms % 1000));

	js_set_str(o, "kind", c->x->rq.attr.kind->kind);
	js_set_str(o, "apiVersion", "metrics.k8s.io/v1beta1");
	meta = js_ensure(o, "metadata", NULL);
	js_set_str(meta, "name", of->name);
	if (*of->ns)
		js_set_str(meta, "namespace", of->ns);
	rfc3339_format(clock_wall_ns(), now);
	js_set_str(meta, "creationTimestamp", now);
	for (size_t i = 0; of->labels && i < of->labels->n; i++)
		js_set_str(js_ensure(meta, "labels", NULL), of->labels->v[i].key, of->labels->v[i].value);
	rfc3339_format(g->at_ns, at);
	js_set_str(o, "timestamp", at);
	js_set_str(o, "window", window);
	return o;
}

/* NULL: not all of it can be told. */
static js *make_object(const struct usage_call *c, const struct obj *of, const struct gauge_set *s)
{
	js *o = NULL;

	for (size_t i = 0; s && i < s->n; i++) {
		struct gauge_usage g;

		if (!gauge_measure(&s->v[i], &g)) {
			js_autoput(&o);
			return NULL;
		}
		if (!o)
			o = begin_object(c, of, &g);
		if (!*of->ns) {
			add_amounts(o, &g);
			return o;
		}
		js *container = js_new_obj();

		js_set_str(container, "name", s->v[i].name);
		add_amounts(container, &g);
		js_push(js_ensure_arr(o, "containers"), container);
	}
	return o;
}

static struct obj *make_row(struct usage_call *c, const struct usage_row *r)
{
	struct usage *u = c->x->rq.api->usage;
	const struct usage_agent *a = r->url ? map_get(&u->agents, r->url) : NULL;
	autofree char *key = mem_printf("%s/%s", r->o->ns, r->o->name);
	autobuf struct buf text = BUF_INIT;
	struct err ignored = ERR_INIT;

	if (!a)
		return NULL;
	autojson js *o = make_object(c, r->o, map_get(&a->gauge.sets, key));

	if (!o)
		return NULL;
	js_write(&text, o);
	return obj_new(c->x->rq.attr.kind, text.p, text.len, &ignored);
}

static void call_free(struct usage_call *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->rows[i].url);
	free(c->rows);
	obj_list_release(&c->list);
	if (!c->single)
		options_release(&c->options);
	free(c);
}

static void end(struct usage_call *c)
{
	struct exchange *x = c->x;
	usage_done_fn *done = c->done;

	call_free(c);
	done(x);
}

static void answer_one(struct usage_call *c)
{
	autoobj struct obj *o = c->n ? make_row(c, &c->rows[0]) : NULL;
	const struct request *rq = &c->x->rq;
	struct err err = ERR_INIT;

	if (o) {
		present_object(rq, &c->x->rs, 200, o);
		return;
	}
	if (rq->attr.kind->namespaced)
		err_set(&err, REASON_NOT_FOUND, "podmetrics.metrics.k8s.io \"%s/%s\" not found", rq->attr.ns,
			rq->attr.name);
	else
		err_set(&err, REASON_NOT_FOUND, "nodemetrics.metrics.k8s.io \"%s\" not found", rq->attr.name);
	response_status(&c->x->rs, &err, &rq->attr, NULL);
}

static void answer(struct usage_call *c)
{
	struct obj_list list = {.remaining = -1};

	if (c->single) {
		answer_one(c);
		end(c);
		return;
	}
	list.v = mem_array(c->n + 1, sizeof(struct obj *));
	for (size_t i = 0; i < c->n; i++) {
		struct obj *o = make_row(c, &c->rows[i]);

		if (o)
			list.v[list.n++] = o;
	}
	present_list(&c->x->rq, &c->x->rs, &c->accept, &c->options, &list);
	obj_list_release(&list);
	end(c);
}

/* ---- asking: the loop ---- */

static void await(struct usage_call *c, struct usage_agent *a)
{
	struct usage_wait *w = MEM_NEW(struct usage_wait);

	w->call = c;
	list_push_back(&a->waiting, &w->link);
	c->waits++;
	if (!a->asking)
		ask_agent(a);
}

static void begin(void *arg)
{
	struct usage_call *c = arg;
	struct usage *u = c->x->rq.api->usage;
	int64_t now = clock_mono_ns();
	automap struct map seen = MAP_INIT;

	c->waits = 1;
	for (size_t i = 0; i < c->n; i++) {
		if (!c->rows[i].url || map_set(&seen, c->rows[i].url, c))
			continue;
		struct usage_agent *a = agent_of(u, &c->rows[i]);

		a->asked_ns = now;
		if (a->asking || !a->taken_ns || now - a->taken_ns >= FRESH_NS)
			await(c, a);
	}
	if (--c->waits == 0)
		answer(c);
}

/* ---- judging: a worker ---- */

static bool asks_somebody(const struct usage_call *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->rows[i].url)
			return true;
	return false;
}

static const char *node_of(const struct obj *o)
{
	if (!*o->ns)
		return o->name;
	for (size_t i = 0; i < o->kind->n_selectable; i++)
		if (!strcmp(o->kind->selectable[i].field, "spec.nodeName"))
			return o->fields[i];
	return "";
}

static char *find_url(struct usage_call *c, const char *node)
{
	const struct api *api = c->x->rq.api;
	const struct kind *k = schema_kind(api->schema, "", "v1", "Node");
	autoobj struct obj *o = storage_get(storage_resource(api->storage, k), "", node);
	struct err ignored = ERR_INIT;
	autojson js *tree = o ? obj_tree_unmanaged(o, &ignored) : NULL;
	autobuf struct buf url = BUF_INIT;

	if (!tree || place_url(&url, tree, &ignored) < 0)
		return NULL;
	buf_adds(&url, "/metrics/resource");
	return mem_strdup(buf_str(&url));
}

static void find_rows(struct usage_call *c)
{
	automap struct map urls = MAP_INIT; /* node -> url, "" = nowhere */

	c->rows = mem_array(c->list.n + 1, sizeof(*c->rows));
	for (size_t i = 0; i < c->list.n; i++) {
		struct usage_row *r = &c->rows[c->n];
		const char *node = node_of(c->list.v[i]);

		if (!*node)
			continue;
		char *url = map_get(&urls, node);

		if (!url) {
			url = find_url(c, node);
			url = url ? url : mem_strdup("");
			(void)map_set(&urls, node, url);
		}
		*r = (struct usage_row){c->list.v[i], *url ? mem_strdup(url) : NULL, node};
		c->n++;
	}
	for (struct map_iter it = {0}; map_next(&urls, &it);)
		free(it.value);
}

static int read_list(struct usage_call *c, struct resource *res, const struct kind *of, struct err *err)
{
	const struct request *rq = &c->x->rq;
	struct field_errors errs = {.n = 0};

	if (options_parse(rq, &c->options, &c->accept, &errs, err) < 0) {
		c->single = true; /* there is nothing to release */
		options_fail(rq, &c->x->rs, err, &errs);
		return -1;
	}
	struct query q = {.ns = of->namespaced ? rq->attr.ns : "",
			  .labels = c->options.labels,
			  .fields = c->options.fields.n ? &c->options.fields : NULL,
			  .kind = of};

	if (storage_list(res, &q, 0, NULL, 0, &c->list, err) == 0)
		return 0;
	response_status(&c->x->rs, err, &rq->attr, NULL);
	return -1;
}

static void read_one(struct usage_call *c, struct resource *res, const struct kind *of)
{
	const struct request *rq = &c->x->rq;
	struct obj *o = storage_get(res, of->namespaced ? rq->attr.ns : "", rq->attr.name);

	c->single = true;
	c->list.v = mem_array(1, sizeof(struct obj *));
	if (o)
		c->list.v[c->list.n++] = o;
}

void usage_start(struct exchange *x, usage_done_fn *done)
{
	struct err err = ERR_INIT;
	struct usage_call *c = MEM_NEW(struct usage_call);
	const struct kind *of = schema_resource(x->rq.api->schema, "", "v1", x->rq.attr.resource);
	struct resource *res = storage_resource(x->rq.api->storage, of);

	c->x = x;
	c->done = done;
	if (*x->rq.attr.name) {
		read_one(c, res, of);
	} else if (read_list(c, res, of, &err) < 0) {
		end(c);
		return;
	}
	find_rows(c);
	if (!asks_somebody(c)) {
		answer(c);
		return;
	}
	if (x->rq.api->relays && relays_run(x->rq.api->relays, begin, c))
		return;
	err_set(&err, REASON_UNAVAILABLE, "no thread to ask node agents");
	response_status(&x->rs, &err, &x->rq.attr, NULL);
	end(c);
}
