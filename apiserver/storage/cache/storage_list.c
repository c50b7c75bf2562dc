/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists: a snapshot of a key range, filtered outside the lock.
 *
 * A list at an older revision (the pages of one paged list) is the present snapshot with the window's newer
 * changes undone: for every key that changed since, the state before the oldest such change is what there
 * was. Both sides are in key order, so they are merged while the page is filled. The window goes with a storm: who
 * begins a list in pages leaves the state that he began with (cache_past_internal.h), where the others are found.
 *
 * What was the present five minutes ago and is not any more is out of date, as after upstream's compaction of etcd, even
 * where nothing of this resource has changed: a list that is not gone on with ends. Nothing has to run for that; it is
 * asked when somebody comes.
 */
#include <stdlib.h>
#include "storage/cache/resource_internal.h"
#include "storage/cache/revision_internal.h"

#define TOO_OLD "The resourceVersion for the provided list is too old."

struct undo {
	const char *key;	    /* inside after */
	struct obj *before, *after; /* references; before NULL: the key did not exist then */
	uint64_t rev;
};

struct range { /* of keys */
	const char *lo, *hi, *after;
	char *lo_mem, *hi_mem;
};

struct page {
	struct cache_order_snapshot now;
	struct undo *undo;
	size_t n_undo, at_undo;
	struct obj *pending; /* borrowed from the snapshot: looked at, not used yet */
	bool pending_valid;
	bool kept; /* the state is, for the next page */
};

static void range_init(struct range *r, const struct resource *res, const struct match *m, const char *after)
{
	const char *name = match_single(m, FIELD_NAME);
	*r = (struct range){.after = after};
	if (name && (*m->ns || !res->kind->namespaced)) {
		/* One key: no other is between it and itself with the smallest byte behind. */
		r->lo_mem = *m->ns ? mem_printf("%s/%s", m->ns, name) : mem_strdup(name);
		r->hi_mem = mem_printf("%s\001", r->lo_mem);
	} else if (*m->ns) {
		r->lo_mem = mem_printf("%s/", m->ns);
		r->hi_mem = mem_printf("%s%c", m->ns, '/' + 1);
	}
	r->lo = r->lo_mem;
	r->hi = r->hi_mem;
}

static void range_release(struct range *r)
{
	free(r->lo_mem);
	free(r->hi_mem);
}

static bool in_range(const struct range *r, const char *key)
{
	return (!r->lo || strcmp(key, r->lo) >= 0) && (!r->hi || strcmp(key, r->hi) < 0) &&
	       (!r->after || strcmp(key, r->after) > 0);
}

static int undo_cmp(const void *a, const void *b)
{
	const struct undo *x = a, *y = b;
	int c = strcmp(x->key, y->key);
	return c ? c : (x->rev > y->rev) - (x->rev < y->rev);
}

static void undo_drop(struct undo *u)
{
	obj_unref(u->before);
	obj_unref(u->after);
}

/* Under the lock. */
static void collect_undo(struct page *p, const struct resource *r, const struct range *range, uint64_t rev)
{
	uint64_t seq = cache_event_window_seek(&r->window, rev);
	p->undo = mem_array(r->window.head - seq + 1, sizeof(*p->undo));
	for (; seq != r->window.head; seq++) {
		const struct change *c = cache_event_window_at(&r->window, seq);
		if (in_range(range, c->cur->key))
			p->undo[p->n_undo++] = (struct undo){c->cur->key, c->old ? obj_ref(c->old) : NULL,
							     obj_ref(c->cur), c->rev};
	}
}

/* Outside: sorted, the oldest change of each key only. */
static void cache_order_undo(struct page *p)
{
	size_t n = 0;
	if (p->n_undo)
		qsort(p->undo, p->n_undo, sizeof(*p->undo), undo_cmp);
	for (size_t i = 0; i < p->n_undo; i++) {
		if (n && strcmp(p->undo[n - 1].key, p->undo[i].key) == 0)
			undo_drop(&p->undo[i]);
		else
			p->undo[n++] = p->undo[i];
	}
	p->n_undo = n;
}

static void page_release(struct page *p)
{
	for (size_t i = 0; i < p->n_undo; i++)
		undo_drop(&p->undo[i]);
	free(p->undo);
	cache_order_snapshot_release(&p->now);
}

/* The next object in key order as of the page's revision; borrowed until the next call. */
static struct obj *page_next(struct page *p)
{
	for (;;) {
		if (!p->pending_valid) {
			p->pending = cache_order_next(&p->now);
			p->pending_valid = true;
		}
		const struct undo *u = p->at_undo < p->n_undo ? &p->undo[p->at_undo] : NULL;
		int c = !u ? -1 : !p->pending ? 1 : strcmp(p->pending->key, u->key);
		if (c < 0) {
			p->pending_valid = false;
			return p->pending;
		}
		if (c == 0)
			p->pending_valid = false;
		p->at_undo++;
		if (u->before)
			return u->before;
	}
}

/* Which state a page is of, and how much of it. */
struct extent {
	uint64_t exact;
	const char *after;
	size_t limit;
};

/* Under the lock: perhaps it is the first page of several, and of the present. */
static bool keep_state(struct resource *r, const struct extent *x, uint64_t rv)
{
	bool begins = x->limit && (!x->after || !x->exact);
	if (!begins || r->order.count <= x->limit || rv < r->last_rev)
		return false;
	cache_past_take(&r->past, &r->order, r->window.head, r->last_rev, rv);
	return true;
}

/* There is no next page. */
static void leave_state(struct resource *r, uint64_t rv)
{
	struct cache_order_snapshot gone;
	pthread_rwlock_rdlock(&r->lock);
	cache_past_leave(&r->past, rv, &gone);
	pthread_rwlock_unlock(&r->lock);
	cache_order_snapshot_release(&gone);
}

static int page_open(struct page *p, struct resource *r, const struct range *range, const struct extent *x,
		     uint64_t *ret_rv, struct err *err)
{
	int rc = 0;
	uint64_t exact = x->exact, oldest = exact ? revision_before(r->revision, WINDOW_OLD_NS) : 0;
	*p = (struct page){0};
	pthread_rwlock_rdlock(&r->lock);
	uint64_t now = resource_now(r);
	*ret_rv = exact ? exact : now;
	if (exact && exact < oldest) {
		rc = err_set(err, REASON_EXPIRED, TOO_OLD);
	} else if (exact && cache_past_read(&r->past, exact, range->lo, range->hi, range->after,
					    x->limit && !x->after, &p->now)) {
		p->kept = x->limit;
	} else if (exact > now) {
		rc = err_set(err, REASON_TIMEOUT, "Too large resource version: %llu, current: %llu",
			     (unsigned long long)exact, (unsigned long long)now);
	} else if (exact && exact < r->window.start) {
		rc = err_set(err, REASON_EXPIRED, TOO_OLD);
	} else {
		cache_order_snapshot(&r->order, range->lo, range->hi, range->after, &p->now);
		if (exact && exact < r->last_rev)
			collect_undo(p, r, range, exact);
		p->kept = keep_state(r, x, *ret_rv);
	}
	pthread_rwlock_unlock(&r->lock);
	cache_order_undo(p);
	return rc;
}

static void page_fill(struct page *p, const struct match *m, size_t limit, struct obj_list *l)
{
	size_t cap = limit ? limit : p->now.left + p->n_undo;
	bool more = false, exact_count = match_all(m);
	struct obj *o;
	if (cap > p->now.left + p->n_undo)
		cap = p->now.left + p->n_undo;
	if (!exact_count && cap > 64)
		cap = 64; /* who selects, selects few */
	l->v = mem_alloc((cap ? cap : 1) * sizeof(*l->v));
	while ((o = page_next(p))) {
		if (limit &&
		    l->n == limit) { /* whether any of the rest matches is the next page's to see, as upstream */
			more = true;
			break;
		}
		if (!match_obj(m, o))
			continue;
		if (l->n == cap) {
			cap = cap ? cap * 2 : 16;
			l->v = mem_realloc_array(l->v, cap, sizeof(*l->v));
		}
		l->v[l->n++] = obj_ref(o);
	}
	l->remaining = exact_count ? 0 : -1;
	if (!more)
		return;
	l->next = mem_strdup(l->v[l->n - 1]->key);
	if (exact_count && !p->n_undo)
		l->remaining = (int64_t)p->now.left + 1;
	else if (exact_count)
		for (; o; o = page_next(p))
			l->remaining++;
}

static int list(struct resource *r, const struct query *q, const struct extent *x, struct obj_list *ret,
		struct err *err)
{
	struct match m;
	struct range range;
	struct page page;
	uint64_t rv = 0;
	match_init(&m, r->kind, q);
	range_init(&range, r, &m, x->after);
	int rc = page_open(&page, r, &range, x, &rv, err);
	if (rc == 0) {
		*ret = (struct obj_list){.rv = rv};
		page_fill(&page, &m, x->limit, ret);
	}
	page_release(&page);
	if (rc == 0 && page.kept && !ret->next)
		leave_state(r, rv);
	range_release(&range);
	match_release(&m);
	return rc;
}

int storage_list(struct resource *r, const struct query *q, uint64_t exact, const char *after, size_t limit,
		 struct obj_list *ret, struct err *err)
{
	const struct extent x = {exact, after && *after ? after : NULL, limit};
	for (;;) {
		struct resource *looked = resource_current(r);
		int rc = list(looked, q, &x, ret, err);
		if (resource_current(looked) == looked)
			return rc;
		if (rc == 0)
			obj_list_release(ret); /* its kind was replaced meanwhile */
	}
}

void obj_list_release(struct obj_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		obj_unref(l->v[i]);
	free(l->v);
	free(l->next);
	*l = (struct obj_list){0};
}
