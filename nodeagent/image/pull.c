/* SPDX-License-Identifier: Apache-2.0 */
#include "image/pull.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/list.h"
#include "base/log.h"
#include "base/thread.h"

#define TRANSFERS                                                                                            \
	64 /* at one time: who pulls how many is the caller's affair; those that nobody wants are about to end */
#define TRANSFERS_MAX 64 /* waiting */

/* One transfer, and those who want what it brings; guarded by the puller's lock. */
struct flight {
	struct image_puller *puller;
	struct list link; /* alone when nobody may join any more */
	char *key;
	struct image_ref ref;
	struct registry_options options; /* its own strings */
	unsigned users;			 /* the transfer and those who wait */
	unsigned wanted;		 /* of them, those who were not canceled; 0: the transfer ends */
	bool done, canceled;
	struct registry *reg;	    /* while it is open */
	struct image_record *image; /* NULL = failed with err */
	struct err err;
};

struct image_puller {
	struct image_store *store;
	pthread_mutex_t lock;
	pthread_cond_t landed;
	struct list flights;
	struct pool *transfers;
};

struct image_puller *image_puller_new(struct image_store *s)
{
	struct image_puller *p = MEM_NEW(struct image_puller);
	p->store = s;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->landed, NULL);
	list_init(&p->flights);
	p->transfers = pool_new("transfer", TRANSFERS, TRANSFERS_MAX);
	return p;
}

void image_puller_free(struct image_puller *p)
{
	if (!p)
		return;
	pool_free(p->transfers);
	pthread_cond_destroy(&p->landed);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

size_t image_puller_wanted(struct image_puller *p)
{
	size_t n = 0;
	pthread_mutex_lock(&p->lock);
	list_for_each (l, &p->flights)
		n += list_entry(l, struct flight, link)->wanted;
	pthread_mutex_unlock(&p->lock);
	return n;
}

/* ---- one pull ---- */

struct pull {
	struct image_puller *puller;
	struct flight *flight;
	struct image_store *store;
	struct registry *reg;
	const struct image_ref *ref;
	struct image_manifest m;
	struct buf config;
	char digest[IMAGE_DIGEST_MAX]; /* of what the name stands for: the index, if there is one */
};

static int check_canceled(struct pull *p, struct err *err)
{
	pthread_mutex_lock(&p->puller->lock);
	bool canceled = p->flight->canceled;
	pthread_mutex_unlock(&p->puller->lock);
	return canceled ? err_set(err, REASON_CANCELED, "nobody wants the image any more") : 0;
}

static int fetch_manifest(struct pull *p, struct err *err)
{
	autobuf struct buf b = BUF_INIT;
	const char *what = p->ref->digest[0] ? p->ref->digest : p->ref->tag;
	if (registry_manifest(p->reg, what, &b, p->digest, err) < 0)
		return err_wrap(err, "failed to resolve reference \"%s/%s%s%s\"", p->ref->domain,
				p->ref->path, p->ref->digest[0] ? "@" : ":", what);
	if (image_manifest_parse(buf_str(&b), b.len, &p->m, err) < 0)
		return -1;
	if (!p->m.is_index)
		return 0;
	if (!p->m.n)
		return err_set(err, REASON_NOT_FOUND,
			       "no match for platform in manifest: linux/%s: not found", image_arch());
	char chosen[IMAGE_DIGEST_MAX], ignored[IMAGE_DIGEST_MAX];
	memcpy(chosen, p->m.layers[0].digest, sizeof(chosen));
	image_manifest_release(&p->m);
	buf_clear(&b);
	if (registry_manifest(p->reg, chosen, &b, ignored, err) < 0 ||
	    image_manifest_parse(buf_str(&b), b.len, &p->m, err) < 0)
		return -1;
	return p->m.is_index ? err_set(err, REASON_INVALID, "image index %s holds an index", p->digest) : 0;
}

struct wanted {
	struct image_descriptor d[IMAGE_LAYERS_MAX];
	int fd[IMAGE_LAYERS_MAX];
	size_t at[IMAGE_LAYERS_MAX]; /* its place among the layers */
	char *file[IMAGE_LAYERS_MAX];
	size_t n;
};

static bool already_wanted(const struct wanted *w, const char *digest)
{
	for (size_t i = 0; i < w->n; i++)
		if (!strcmp(w->d[i].digest, digest))
			return true;
	return false;
}

static int list_missing(struct pull *p, struct wanted *w, struct err *err)
{
	for (size_t i = 0; i < p->m.n; i++) {
		const struct image_descriptor *d = &p->m.layers[i];
		if (image_store_has_layer(p->store, d->digest) || already_wanted(w, d->digest))
			continue;
		w->d[w->n] = *d;
		w->at[w->n] = i;
		w->fd[w->n] = image_store_ingest(p->store, &w->file[w->n], err);
		if (w->fd[w->n] < 0)
			return -1;
		w->n++;
	}
	return 0;
}

static int fetch_layers(struct pull *p, const struct image_config *config, struct err *err)
{
	struct wanted *w = MEM_NEW(struct wanted);
	int rc = list_missing(p, w, err);
	if (rc == 0)
		rc = registry_blobs(p->reg, w->d, w->fd, w->n, err);
	for (size_t i = 0; i < w->n; i++) {
		close(w->fd[i]);
		if (rc == 0)
			rc = check_canceled(p, err);
		if (rc == 0)
			rc = image_store_add_layer(p->store, w->d[i].digest, config->diff_ids[w->at[i]],
						   w->file[i], err);
		unlink(w->file[i]);
		free(w->file[i]);
	}
	free(w);
	return rc;
}

static int fetch_contents(struct pull *p, struct err *err)
{
	struct image_config config = {0};
	if (registry_blob(p->reg, &p->m.config, IMAGE_CONFIG_MAX, &p->config, err) < 0 ||
	    image_config_parse(buf_str(&p->config), p->config.len, &config, err) < 0)
		return -1;
	int rc = image_config_check(&config, &p->m, err);
	if (rc == 0)
		rc = fetch_layers(p, &config, err);
	image_config_release(&config);
	return rc;
}

static int64_t total_size(const struct image_manifest *m)
{
	int64_t size = 0;
	for (size_t i = 0; i < m->n; i++)
		size += m->layers[i].size > 0 ? m->layers[i].size : 0;
	return size;
}

static struct image_record *publish(struct pull *p, struct err *err)
{
	struct image_ref tagged = *p->ref;
	tagged.digest[0] = '\0';
	autofree char *by_digest = image_ref_with_digest(p->ref, p->digest);
	autofree char *by_tag = p->ref->tag[0] && !p->ref->digest[0] ? image_ref_string(&tagged) : NULL;
	const char *const names[] = {by_digest, by_tag, NULL};
	const struct image_entry e = {.size = total_size(&p->m), .names = names, .pin = IMAGE_PIN_AS_BEFORE};
	return image_store_commit(p->store, &p->m, buf_str(&p->config), p->config.len, &e, err);
}

/* From here on, and until it is NULL again, the transfer can be ended. */
static void show_registry(struct pull *p, struct registry *reg)
{
	pthread_mutex_lock(&p->puller->lock);
	p->flight->reg = reg;
	if (reg && p->flight->canceled)
		registry_cancel(reg);
	pthread_mutex_unlock(&p->puller->lock);
}

static struct image_record *pull_from(struct flight *f, const struct registry_options *o, struct err *err)
{
	struct pull p = {.puller = f->puller,
			 .flight = f,
			 .store = f->puller->store,
			 .ref = &f->ref,
			 .reg = registry_open(&f->ref, o, err)};
	struct image_record *r = NULL;
	show_registry(&p, p.reg);
	if (p.reg && fetch_manifest(&p, err) == 0 && fetch_contents(&p, err) == 0)
		r = publish(&p, err);
	show_registry(&p, NULL);
	image_manifest_release(&p.m);
	buf_release(&p.config);
	registry_close(p.reg);
	return r;
}

/* From the mirrors in their order, then from the registry itself, whose answer is told. One that may not say what a tag
   means is asked for digests only. */
static struct image_record *pull_from_hosts(struct flight *f, struct err *err)
{
	struct registry_options o = f->options;
	struct image_record *r = NULL;
	struct image_hosts h;
	if (image_hosts_read(o.hosts_dir, &f->ref, &h, err) < 0)
		return NULL;
	for (size_t i = 0; i < h.n && !r; i++) {
		bool last = i + 1 == h.n;
		if (!last && !h.v[i].resolves && !f->ref.digest[0])
			continue;
		struct err e = ERR_INIT;
		o.host = &h.v[i];
		r = pull_from(f, &o, &e);
		if (!r && !last && e.reason != REASON_CANCELED) {
			log_warn_err(&e, "a mirror cannot give an image", "mirror=%s", h.v[i].url);
			continue;
		}
		if (!r)
			*err = e;
		break;
	}
	if (!h.n)
		r = pull_from(f, &o, err);
	image_hosts_release(&h);
	return r;
}

static struct image_record *pull_now(struct flight *f, struct err *err)
{
	struct image_record *r = pull_from_hosts(f, err);
	if (!r) {
		autofree char *name = image_ref_string(&f->ref);
		err_wrap(err, "failed to pull and unpack image \"%.200s\"", name);
	}
	return r;
}

/* ---- sharing ---- */

static char *copy(const char *s)
{
	return s ? mem_strdup(s) : NULL;
}

static struct flight *flight_new(struct image_puller *p, const char *key, const struct image_ref *ref,
				 const struct registry_options *o)
{
	struct flight *f = MEM_NEW(struct flight);
	f->puller = p;
	f->key = mem_strdup(key);
	f->ref = *ref;
	f->options = (struct registry_options){.username = copy(o->username),
					       .password = copy(o->password),
					       .insecure = copy(o->insecure),
					       .ca_file = copy(o->ca_file),
					       .hosts_dir = copy(o->hosts_dir)};
	list_init(&f->link);
	return f;
}

/* With the lock held. */
static void flight_unref(struct flight *f)
{
	if (--f->users)
		return;
	const char *const owned[] = {f->options.username, f->options.password, f->options.insecure,
				     f->options.ca_file, f->options.hosts_dir};
	for (size_t i = 0; i < ARRAY_LEN(owned); i++)
		free((char *)owned[i]);
	image_record_unref(f->image);
	free(f->key);
	free(f);
}

/* With the lock held: what came of it, for all who still wait. Takes the reference. */
static void land(struct flight *f, struct image_record *r, const struct err *err)
{
	f->image = r;
	f->err = *err;
	f->done = true;
	list_del(&f->link);
	pthread_cond_broadcast(&f->puller->landed);
	flight_unref(f);
}

static void fly(void *arg)
{
	struct flight *f = arg;
	struct image_puller *p = f->puller;
	struct err err = ERR_INIT;
	struct image_record *r = pull_now(f, &err);
	pthread_mutex_lock(&p->lock);
	land(f, r, &err);
	pthread_mutex_unlock(&p->lock);
}

static struct flight *find_flight(struct image_puller *p, const char *key)
{
	list_for_each (l, &p->flights) {
		struct flight *f = list_entry(l, struct flight, link);
		if (!strcmp(f->key, key))
			return f;
	}
	return NULL;
}

/* With the lock held: the flight that brings this, or a new one. */
static struct flight *board(struct image_puller *p, const char *key, const struct image_ref *ref,
			    const struct registry_options *o)
{
	struct flight *f = find_flight(p, key);
	bool anew = !f;
	if (anew) {
		f = flight_new(p, key, ref, o);
		f->users++;
		list_push_back(&p->flights, &f->link);
	}
	f->users++;
	f->wanted++;
	if (anew && !pool_submit(p->transfers, fly, f)) {
		struct err err = ERR_INIT;
		(void)err_set(&err, REASON_UNAVAILABLE, "too many image transfers wait for their turn");
		land(f, NULL, &err);
	}
	return f;
}

/* With the lock held. */
static struct image_record *leave(struct flight *f, bool gone, struct err *err)
{
	struct image_record *r = f->image && !gone ? image_record_ref(f->image) : NULL;
	if (gone)
		(void)err_set(err, REASON_CANCELED, "the pull was canceled");
	else if (!r)
		*err = f->err;
	flight_unref(f);
	return r;
}

struct passenger {
	struct image_puller *p;
	struct flight *f;
	bool gone;
};

/* He goes; the transfer ends when he was the last, and nobody joins it then. */
static void get_off(void *arg)
{
	struct passenger *a = arg;
	pthread_mutex_lock(&a->p->lock);
	a->gone = true;
	if (--a->f->wanted == 0 && !a->f->done) {
		a->f->canceled = true;
		list_del(&a->f->link);
		if (a->f->reg)
			registry_cancel(a->f->reg);
	}
	pthread_cond_broadcast(&a->p->landed);
	pthread_mutex_unlock(&a->p->lock);
}

struct image_record *image_pull(struct image_puller *p, const char *name, const struct registry_options *o,
				struct cancel *cancel, struct err *err)
{
	struct image_ref ref;
	if (image_ref_parse(name, &ref, err) < 0)
		return NULL;
	if (cancel && cancel_canceled(cancel)) {
		(void)err_set(err, REASON_CANCELED, "the pull was canceled");
		return NULL;
	}
	autofree char *full = image_ref_string(&ref);
	autofree char *key = mem_printf("%s\n%s\n%s", full, o->username ? o->username : "",
					o->username && o->password ? o->password : "");
	pthread_mutex_lock(&p->lock);
	struct passenger a = {.p = p, .f = board(p, key, &ref, o)};
	pthread_mutex_unlock(&p->lock);
	if (cancel && !cancel_hook(cancel, get_off, &a))
		get_off(&a);
	pthread_mutex_lock(&p->lock);
	while (!a.f->done && !a.gone)
		pthread_cond_wait(&p->landed, &p->lock);
	pthread_mutex_unlock(&p->lock);
	if (cancel)
		cancel_unhook(cancel);
	pthread_mutex_lock(&p->lock);
	struct image_record *r = leave(a.f, a.gone, err);
	pthread_mutex_unlock(&p->lock);
	return r;
}
