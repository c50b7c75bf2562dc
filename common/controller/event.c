/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a call to a stored Event, on the daemon's loop: queue -> correlate -> post.
 *
 * Correlation keeps three bounded memories, all keyed by 64-bit keyed hashes so that an entry is a few dozen
 * bytes:
 *
 *	similar	(source, object, type, reason): how many different messages in ten minutes. From the tenth on
 *		they become one event, "(combined from similar events): …".
 *	seen	(the same and the message): the event's name and count. A repeat is a PATCH of count and
 *		lastTimestamp.
 *	budget	(source, object): a token bucket, 25 at once and one every five minutes. What is over it is
 *		counted but not sent, so a Deployment's thousand creations do not become a thousand writes.
 *
 * The numbers and the order (combine, count, filter) are those of client-go's tools/record/events_cache.go.
 * The queue is taken as a whole and an event that occurs in it several times is written once; writes go out
 * as a batch, and what is recorded meanwhile makes up the next one. What the server could not take is tried
 * again with growing pauses, up to twelve times, while the queue fills and then drops: an event must never
 * hold up or outgrow its recorder.
 */
#include "controller/event.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/rand.h"
#include "serve/metric.h"
#include "object/rfc3339.h"

#define QUEUE_MAX 1000
#define CACHE_MAX 4096
#define SIMILAR_MAX 10
#define SIMILAR_WINDOW_NS (600 * NS_PER_S)
#define BUDGET_BURST 25
#define BUDGET_REFILL_NS (300 * NS_PER_S)
#define MESSAGE_MAX 1024
#define NAME_MAX_LEN 253
#define IN_FLIGHT 8
#define TRIES_MAX 12
#define RETRY_FIRST_NS (1 * NS_PER_S)
#define RETRY_MAX_NS (10 * NS_PER_S)
#define STOP_NS (1 * NS_PER_S)

enum event_field {
	COMPONENT,
	HOST,
	KIND,
	NAMESPACE,
	NAME,
	UID,
	API_VERSION,
	REASON,
	MESSAGE,
	FIELD_PATH,
	ANNOTATIONS, /* no part of what makes events the same */
	FIELDS
};

struct event_item { /* one recorded event; one allocation */
	struct list link;
	bool warning;
	uint64_t rv;
	int64_t when_ns;
	const char *f[FIELDS];
	char text[];
};

struct outgoing;

/* An entry of any of the three memories. */
struct event_entry {
	struct list lru;
	char key[17];
	int64_t last_ns;
	union {
		struct {
			uint64_t messages[SIMILAR_MAX];
			size_t n;
		} similar;
		struct {
			uint64_t stamp; /* the hex in the event's name */
			int64_t first_ns;
			int64_t count;
			bool posted;
			struct outgoing *pending;
		} seen;
		double budget;
	};
};

struct cache {
	struct map entries;
	struct list lru; /* least recent first */
};

struct outgoing { /* one event to write in this batch */
	struct list link;
	struct event_item *item;  /* owned; the latest occurrence */
	struct event_entry *seen; /* NULL when forgotten meanwhile */
	uint64_t stamp;
	int64_t first_ns, count;
	bool patch, combined;
};

struct events {
	struct rest *rest; /* on the loop; borrowed, as the loop */
	struct loop *loop;
	pthread_mutex_t lock; /* guards the four below */
	struct list queue;
	size_t n;
	bool stopping, posted; /* posted: the loop will look at the queue */
	struct metric_series *dropped;

	/* The loop only. */
	struct cache similar, seen, budget;
	uint64_t last_stamp;
	struct list outgoing; /* being written */
	size_t in_flight;     /* of them at once */
	struct rest_batch batch;
	struct loop_timer retry;
	int tries;  /* of what is in outgoing */
	bool ended; /* stopping, and nothing is left; see loop_wait */
};

static void take_queue(void *events);

/* ---- recording ---- */

static const char *put_text(char **at, const char *s)
{
	char *start = *at;
	size_t n = strlen(s) + 1;

	memcpy(start, s, n);
	*at += n;
	return start;
}

static struct event_item *item_new(const char *const f[FIELDS], bool warning, uint64_t rv)
{
	size_t n = 0;
	struct event_item *i;
	char *at;

	for (int k = 0; k < FIELDS; k++)
		n += (f[k] ? strlen(f[k]) : 0) + 1;
	i = mem_alloc(sizeof(*i) + n);
	list_init(&i->link);
	i->warning = warning;
	i->rv = rv;
	i->when_ns = clock_wall_ns();
	at = i->text;
	for (int k = 0; k < FIELDS; k++)
		i->f[k] = put_text(&at, f[k] ? f[k] : "");
	return i;
}

/* A full buffer may end in the middle of a UTF-8 sequence. */
static void cut_character(char message[MESSAGE_MAX + 1])
{
	size_t n = MESSAGE_MAX;

	while (n && ((unsigned char)message[n - 1] & 0xc0) == 0x80)
		n--;
	if (n && ((unsigned char)message[n - 1] & 0x80))
		n--;
	message[n] = '\0';
}

void events_record(struct events *e, const char *component, const char *host, const struct event_ref *ref,
		   bool warning, const char *reason, const char *fmt, ...)
{
	const char *f[FIELDS] = {
		[COMPONENT] = component,	  [HOST] = host,      [KIND] = ref->kind,
		[NAMESPACE] = ref->namespace,	  [NAME] = ref->name, [UID] = ref->uid,
		[API_VERSION] = ref->api_version, [REASON] = reason,  [FIELD_PATH] = ref->field_path,
		[ANNOTATIONS] = ref->annotations,
	};
	char message[MESSAGE_MAX + 1];
	struct event_item *i;
	va_list ap;
	bool full, wake = false;
	int n;

	if (!e)
		return;
	va_start(ap, fmt);
	n = vsnprintf(message, sizeof(message), fmt, ap);
	va_end(ap);
	if (n > MESSAGE_MAX)
		cut_character(message);
	f[MESSAGE] = message;
	i = item_new(f, warning, ref->rv);
	pthread_mutex_lock(&e->lock);
	full = e->n >= QUEUE_MAX || e->stopping;
	if (!full) {
		list_push_back(&e->queue, &i->link);
		e->n++;
		wake = !e->posted;
		e->posted = true;
	}
	pthread_mutex_unlock(&e->lock);
	if (wake)
		loop_post(e->loop, take_queue, e);
	if (full) {
		metric_add(e->dropped, 1);
		free(i);
	}
}

/* ---- memories ---- */

static void cache_init(struct cache *c)
{
	c->entries = (struct map)MAP_INIT;
	list_init(&c->lru);
}

static void entry_drop(struct cache *c, struct event_entry *x, bool is_seen)
{
	if (is_seen && x->seen.pending)
		x->seen.pending->seen = NULL;
	list_del(&x->lru);
	map_del(&c->entries, x->key);
	free(x);
}

static struct event_entry *cache_get(struct cache *c, uint64_t hash, bool is_seen, bool *ret_new)
{
	struct event_entry *x;
	char key[17];

	snprintf(key, sizeof(key), "%016llx", (unsigned long long)hash);
	x = map_get(&c->entries, key);
	*ret_new = !x;
	if (!x) {
		if (map_len(&c->entries) >= CACHE_MAX)
			entry_drop(c, list_entry(c->lru.next, struct event_entry, lru), is_seen);
		x = MEM_NEW(struct event_entry);
		memcpy(x->key, key, sizeof(key));
		map_set(&c->entries, key, x);
	} else {
		list_del(&x->lru);
	}
	list_push_back(&c->lru, &x->lru);
	return x;
}

static void cache_release(struct cache *c, bool is_seen)
{
	while (!list_empty(&c->lru))
		entry_drop(c, list_entry(c->lru.next, struct event_entry, lru), is_seen);
	map_release(&c->entries);
}

/* Of the first n fields, in their order in the enum; each with its NUL, so that they cannot run together. */
static uint64_t hash_fields(const struct event_item *i, enum event_field last, char type)
{
	const char *end = i->f[last] + strlen(i->f[last]) + 1;
	uint64_t both[2] = {map_hash(i->text, (size_t)(end - i->text)), (uint64_t)type};

	return map_hash(both, sizeof(both));
}

/* ---- correlation ---- */

static bool combine(struct events *e, const struct event_item *i)
{
	char type = i->warning ? 'W' : 'N';
	uint64_t message = map_hash(i->f[MESSAGE], strlen(i->f[MESSAGE]));
	bool fresh, known = false;
	struct event_entry *x = cache_get(&e->similar, hash_fields(i, REASON, type), false, &fresh);

	if (!fresh && i->when_ns - x->last_ns > SIMILAR_WINDOW_NS)
		x->similar.n = 0;
	x->last_ns = i->when_ns;
	for (size_t k = 0; k < x->similar.n; k++)
		known = known || x->similar.messages[k] == message;
	if (!known)
		x->similar.messages[x->similar.n++] = message;
	if (x->similar.n < SIMILAR_MAX)
		return false;
	x->similar.n--;
	return true;
}

static bool within_budget(struct events *e, const struct event_item *i)
{
	bool fresh;
	struct event_entry *x = cache_get(&e->budget, hash_fields(i, API_VERSION, 'B'), false, &fresh);

	if (fresh)
		x->budget = BUDGET_BURST;
	else if (i->when_ns > x->last_ns) /* the wall clock may be set back, and that earns nothing */
		x->budget += (double)(i->when_ns - x->last_ns) / BUDGET_REFILL_NS;
	if (x->budget > BUDGET_BURST)
		x->budget = BUDGET_BURST;
	x->last_ns = i->when_ns;
	if (x->budget < 1)
		return false;
	x->budget -= 1;
	return true;
}

static struct event_entry *see(struct events *e, const struct event_item *i, bool combined)
{
	char type = i->warning ? 'w' : 'n';
	bool fresh;
	struct event_entry *x =
		cache_get(&e->seen, hash_fields(i, combined ? REASON : FIELD_PATH, type), true, &fresh);

	if (fresh) {
		e->last_stamp =
			(uint64_t)i->when_ns > e->last_stamp ? (uint64_t)i->when_ns : e->last_stamp + 1;
		x->seen.stamp = e->last_stamp;
		x->seen.first_ns = i->when_ns;
	}
	x->seen.count++;
	x->last_ns = i->when_ns;
	return x;
}

/* Takes ownership of i. */
static void correlate(struct events *e, struct event_item *i, struct list *batch)
{
	bool combined = combine(e, i);
	struct event_entry *x = see(e, i, combined);
	struct outgoing *o = x->seen.pending;

	if (!within_budget(e, i)) {
		free(i);
		return;
	}
	if (!o) {
		o = MEM_NEW(struct outgoing);
		o->seen = x;
		o->stamp = x->seen.stamp;
		o->first_ns = x->seen.first_ns;
		o->patch = x->seen.posted;
		o->combined = combined;
		x->seen.pending = o;
		list_push_back(batch, &o->link);
	}
	free(o->item);
	o->item = i;
	o->count = x->seen.count;
}

/* ---- writing ---- */

static void add_string(struct buf *b, const char *name, const char *v, bool even_if_empty)
{
	if (!*v && !even_if_empty)
		return;
	buf_addf(b, "%s\"%s\":", b->p[b->len - 1] == '{' ? "" : ",", name);
	buf_add_json_string(b, v, strlen(v));
}

static void add_time(struct buf *b, const char *name, int64_t ns)
{
	char s[RFC3339_MAX];

	rfc3339_format(ns, s);
	add_string(b, name, s, true);
}

static void add_message(struct buf *b, const struct outgoing *o)
{
	static const char prefix[] = "(combined from similar events): ";
	char s[MESSAGE_MAX + sizeof(prefix)];

	snprintf(s, sizeof(s), "%s%s", o->combined ? prefix : "", o->item->f[MESSAGE]);
	add_string(b, "message", s, true);
}

static void add_name(struct buf *b, const struct outgoing *o)
{
	buf_addf(b, "%.*s.%016llx", NAME_MAX_LEN - 17, o->item->f[NAME], (unsigned long long)o->stamp);
}

static const char *event_namespace(const struct event_item *i)
{
	return *i->f[NAMESPACE] ? i->f[NAMESPACE] : "default";
}

static void write_new(struct buf *b, const struct outgoing *o)
{
	const struct event_item *i = o->item;
	autobuf struct buf name = BUF_INIT;
	char rv[24] = "";

	if (i->rv)
		snprintf(rv, sizeof(rv), "%llu", (unsigned long long)i->rv);
	add_name(&name, o);
	buf_adds(b, "{\"kind\":\"Event\",\"apiVersion\":\"v1\",\"metadata\":{");
	add_string(b, "name", name.p, true);
	add_string(b, "namespace", event_namespace(i), true);
	if (*i->f[ANNOTATIONS])
		buf_addf(b, ",\"annotations\":%s", i->f[ANNOTATIONS]);
	buf_adds(b, "},\"involvedObject\":{");
	add_string(b, "kind", i->f[KIND], true);
	add_string(b, "namespace", i->f[NAMESPACE], false);
	add_string(b, "name", i->f[NAME], true);
	add_string(b, "uid", i->f[UID], false);
	add_string(b, "apiVersion", i->f[API_VERSION], false);
	add_string(b, "resourceVersion", rv, false);
	add_string(b, "fieldPath", i->f[FIELD_PATH], false);
	buf_addc(b, '}');
	add_string(b, "reason", i->f[REASON], true);
	add_message(b, o);
	buf_adds(b, ",\"source\":{");
	add_string(b, "component", i->f[COMPONENT], true);
	add_string(b, "host", i->f[HOST], false);
	buf_addc(b, '}');
	add_time(b, "firstTimestamp", o->first_ns);
	add_time(b, "lastTimestamp", i->when_ns);
	buf_addf(b, ",\"count\":%lld", (long long)o->count);
	add_string(b, "type", i->warning ? "Warning" : "Normal", true);
	add_string(b, "reportingComponent", i->f[COMPONENT], true);
	add_string(b, "reportingInstance", i->f[HOST], true);
	buf_addc(b, '}');
}

static void add_call(struct rest_batch *batch, struct outgoing *o)
{
	autobuf struct buf path = BUF_INIT, name = BUF_INIT;
	struct rest_call *c;

	add_name(&name, o);
	rest_path(&path, "", "v1", event_namespace(o->item), "events", o->patch ? name.p : NULL, NULL);
	c = rest_batch_add(batch, o->patch ? REST_PATCH_MERGE : REST_POST, path.p, NULL, o);
	if (o->patch) {
		buf_addc(&c->body, '{');
		add_time(&c->body, "lastTimestamp", o->item->when_ns);
		buf_addf(&c->body, ",\"count\":%lld", (long long)o->count);
		add_message(&c->body, o);
		buf_addc(&c->body, '}');
	} else {
		write_new(&c->body, o);
	}
}

static void outgoing_free(struct outgoing *o)
{
	if (o->seen)
		o->seen->seen.pending = NULL;
	list_del(&o->link);
	free(o->item);
	free(o);
}

/* True when the event is done with, well or ill. */
static bool settled(struct outgoing *o, const struct err *err)
{
	switch (err->reason) {
	case REASON_NONE:
	case REASON_ALREADY_EXISTS: /* an earlier try got through */
		if (o->seen)
			o->seen->seen.posted = true;
		return true;
	case REASON_NOT_FOUND: /* expired, or its first write was filtered; or the namespace is gone */
		if (!o->patch)
			return true;
		o->patch = false;
		return false;
	case REASON_UNAVAILABLE:
	case REASON_TIMEOUT:
	case REASON_SERVER_TIMEOUT:
	case REASON_TOO_MANY_REQUESTS:
	case REASON_INTERNAL:
		return false;
	default: /* refused for good: a namespace that is going away, a field that is not allowed */
		log_v(2, "event refused", "reason=%s name=%s error=%s", o->item->f[REASON], o->item->f[NAME],
		      err->msg);
		return true;
	}
}

static void drop_outgoing(struct events *e)
{
	while (!list_empty(&e->outgoing)) {
		metric_add(e->dropped, 1);
		outgoing_free(list_entry(e->outgoing.next, struct outgoing, link));
	}
}

static bool stopping(struct events *e)
{
	pthread_mutex_lock(&e->lock);
	bool is = e->stopping;
	pthread_mutex_unlock(&e->lock);
	return is;
}

static int64_t pause_ns(int tries)
{
	int64_t d = RETRY_FIRST_NS;

	while (--tries > 1 && d < RETRY_MAX_NS)
		d *= 2;
	return rand_jitter(d < RETRY_MAX_NS ? d : RETRY_MAX_NS, 0.2);
}

static void posted(void *arg);

static void post(void *arg)
{
	struct events *e = arg;

	e->tries++;
	list_for_each (l, &e->outgoing)
		add_call(&e->batch, list_entry(l, struct outgoing, link));
	rest_batch_start(e->rest, &e->batch, e->in_flight, posted, e);
}

/* The batch has ended: again with what is left of it, or on to the queue. */
static void posted(void *arg)
{
	struct events *e = arg;

	for (size_t i = 0; i < e->batch.n; i++)
		if (settled(e->batch.v[i].tag, &e->batch.v[i].err))
			outgoing_free(e->batch.v[i].tag);
	rest_batch_clear(&e->batch);
	if (!list_empty(&e->outgoing) && e->tries < TRIES_MAX) {
		/* First a PATCH that has to become a POST; the rest loses nothing by it. */
		if (e->tries == 1 || !stopping(e)) {
			loop_timer_set(e->loop, &e->retry,
				       clock_mono_ns() + (e->tries == 1 ? 0 : pause_ns(e->tries)));
			return;
		}
	}
	drop_outgoing(e);
	take_queue(e);
}

static void take_queue(void *arg)
{
	struct events *e = arg;
	struct list taken = LIST_INIT(taken), *l;
	bool last;

	if (!list_empty(&e->outgoing))
		return; /* afterwards */
	pthread_mutex_lock(&e->lock);
	while ((l = list_pop_front(&e->queue)))
		list_push_back(&taken, l);
	e->n = 0;
	e->posted = false;
	last = e->stopping;
	pthread_mutex_unlock(&e->lock);
	while ((l = list_pop_front(&taken)))
		correlate(e, list_entry(l, struct event_item, link), &e->outgoing);
	e->tries = 0;
	if (!list_empty(&e->outgoing))
		post(e);
	else if (last)
		loop_signal(e->loop, &e->ended);
}

/* Stopping: a pause is over, the queue is what is left. */
static void hurry(void *arg)
{
	struct events *e = arg;

	if (e->retry.node.pos) {
		loop_timer_set(e->loop, &e->retry, CLOCK_NEVER);
		drop_outgoing(e);
	}
	take_queue(e);
}

static void leave_loop(void *arg)
{
	struct events *e = arg;

	loop_timer_set(e->loop, &e->retry, CLOCK_NEVER);
	rest_batch_release(&e->batch);
	drop_outgoing(e);
}

/* ---- life ---- */

struct events *events_new(struct rest *r)
{
	static const struct metric_def def = {
		.name = "events_dropped_total",
		.help = "[ALPHA] Events that were recorded but never written: the queue was full or the server did not take them.",
		.type = METRIC_COUNTER,
	};
	struct events *e = MEM_NEW(struct events);

	e->rest = r;
	e->loop = rest_loop(r);
	e->in_flight = IN_FLIGHT;
	pthread_mutex_init(&e->lock, NULL);
	list_init(&e->queue);
	list_init(&e->outgoing);
	e->retry = (struct loop_timer){.fn = post, .arg = e};
	cache_init(&e->similar);
	cache_init(&e->seen);
	cache_init(&e->budget);
	e->dropped = metric_series(metric_register(&def), NULL);
	return e;
}

void events_set_in_flight(struct events *e, size_t n)
{
	e->in_flight = n;
}

void events_free(struct events *e)
{
	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->stopping = true;
	pthread_mutex_unlock(&e->lock);
	loop_finish(e->loop, hurry, e);
	loop_wait(e->loop, &e->ended, clock_mono_ns() + STOP_NS);
	loop_finish(e->loop, leave_loop, e);
	for (struct list *l; (l = list_pop_front(&e->queue));)
		free(list_entry(l, struct event_item, link));
	cache_release(&e->similar, false);
	cache_release(&e->seen, true);
	cache_release(&e->budget, false);
	pthread_mutex_destroy(&e->lock);
	free(e);
}
