/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Level-triggered: an entry per full name holds what is wanted (a file), what runs (a worker's uid) and the mirror as the
 * API has it; settle() looks at all three and does the next thing.
 */
#include "static/staticpod.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "os/tree.h"
#include "static/podfile.h"

#define FILES_MAX 1000
#define QUIET_NS (50 * NS_PER_MS) /* a file is often written in pieces */
#define RETRY_NS NS_PER_S
#define RETRY_MAX_NS (20 * NS_PER_S)

struct staticpod {
	struct staticpods *s;
	char *key;		 /* "NAMESPACE/NAME" */
	struct podfile *want;	 /* NULL: the file is gone */
	struct podfile *running; /* NULL: nothing of it is here */
	bool stopping;
	const struct pod *mirror; /* a reference; NULL = there is none */
	bool calling;		  /* about the mirror */
	int64_t retry_at_ns, retry_delay_ns;
	struct loop_timer retry;
};

struct staticpods {
	struct staticpod_config c;
	struct map entries; /* key -> struct staticpod * */
	char *node_uid;	    /* NULL: not registered yet */
	bool synced;
	uint64_t digest; /* of names, sizes and times at the last look */
	bool had_bad;	 /* the last look found files that it could not take */
	struct map told; /* path -> what was said of it last (a string) */
	bool looking, again;
	int inotify, watch; /* -1 = none */
	struct loop_io io;
	struct loop_timer quiet, every;
};

/* ---- looking ---- */

struct look { /* done on a lane */
	const char *path, *node;
	uint64_t was, digest;
	bool always; /* read also when nothing has changed */
	bool unchanged, by_event;
	struct podfile **v;
	size_t n;
	struct {
		char *path, *why;
	} * bad;
	size_t n_bad;
	struct staticpods *s;
};

struct names {
	char *v[FILES_MAX];
	size_t n;
};

static bool add_name(void *arg, const char *name)
{
	struct names *names = arg;
	if (*name != '.' && names->n < FILES_MAX)
		names->v[names->n++] = mem_strdup(name);
	return names->n < FILES_MAX;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void complain(struct look *l, const char *path, const char *why)
{
	l->bad = mem_realloc_array(l->bad, l->n_bad + 1, sizeof(*l->bad));
	l->bad[l->n_bad].path = mem_strdup(path);
	l->bad[l->n_bad++].why = mem_strdup(why);
}

static void digest_file(struct look *l, const char *path)
{
	static const uint64_t key[2] = {0x73746174, 0x6963};
	struct stat st = {0};
	(void)stat(path, &st);
	const uint64_t facts[] = {l->digest,
				  map_siphash13(key, path, strlen(path)),
				  (uint64_t)st.st_ino,
				  (uint64_t)st.st_size,
				  (uint64_t)st.st_mtim.tv_sec,
				  (uint64_t)st.st_mtim.tv_nsec,
				  (uint64_t)st.st_ctim.tv_sec,
				  (uint64_t)st.st_ctim.tv_nsec,
				  (uint64_t)st.st_mode};
	l->digest = map_siphash13(key, facts, sizeof(facts));
}

static void read_one(struct look *l, const char *path)
{
	struct err err = ERR_INIT;
	struct stat st;
	autobuf struct buf text = BUF_INIT;
	if (stat(path, &st) < 0)
		return; /* it has just gone */
	if (!S_ISREG(st.st_mode)) {
		complain(l, path, "not a file");
		return;
	}
	struct podfile *f = NULL;
	if (tree_read(path, PODFILE_MAX, &text, &err) == 0)
		f = podfile_parse(buf_str(&text), text.len, path, l->node, &err);
	if (f) {
		l->v = mem_realloc_array(l->v, l->n + 1, sizeof(*l->v));
		l->v[l->n++] = f;
	} else if (err.reason != REASON_NOT_FOUND) {
		complain(l, path, err.msg);
	}
}

static void look_work(void *arg)
{
	struct look *l = arg;
	struct err ignored = ERR_INIT; /* what is not there has no Pods */
	struct stat st;
	struct names *names = MEM_NEW(struct names);
	bool dir = stat(l->path, &st) == 0 && S_ISDIR(st.st_mode), there = dir || S_ISREG(st.st_mode);
	if (dir)
		(void)!tree_names(l->path, add_name, names, &ignored);
	else if (access(l->path, F_OK) == 0 && there)
		names->v[names->n++] = mem_strdup("");
	qsort(names->v, names->n, sizeof(*names->v), by_name);
	for (size_t pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < names->n; i++) {
			autofree char *path = mem_printf("%s%s%s", l->path, dir ? "/" : "", names->v[i]);
			if (pass)
				read_one(l, path);
			else
				digest_file(l, path);
		}
		l->unchanged = l->digest == l->was && !l->always;
		if (l->unchanged)
			break;
	}
	for (size_t i = 0; i < names->n; i++)
		free(names->v[i]);
	free(names);
}

static struct look *look_new(struct staticpods *s, bool by_event)
{
	struct look *l = MEM_NEW(struct look);
	*l = (struct look){.path = s->c.path,
			   .node = s->c.host->node.name,
			   .was = s->digest,
			   .digest = 1,
			   .always = s->had_bad,
			   .by_event = by_event,
			   .s = s};
	return l;
}

static void look_free(struct look *l)
{
	for (size_t i = 0; i < l->n; i++)
		podfile_free(l->v[i]);
	for (size_t i = 0; i < l->n_bad; i++) {
		free(l->bad[i].path);
		free(l->bad[i].why);
	}
	free(l->v);
	free(l->bad);
	free(l);
}

/* ---- the mirror ---- */

static void settle(struct staticpod *e, const struct runtime_list *found);

static bool retry_waits(const struct staticpod *e)
{
	return e->retry_at_ns && clock_mono_ns() < e->retry_at_ns;
}

static void on_retry(void *arg)
{
	settle(arg, NULL);
}

static void called(void *arg, const js *reply, const struct err *err)
{
	struct staticpod *e = arg;
	bool gone = err->reason == REASON_NOT_FOUND || err->reason == REASON_CONFLICT;
	e->calling = false;
	if (err->reason == REASON_NONE || gone) {
		/* The watch will tell; if it has nothing to tell, it is tried again. */
		e->retry_delay_ns = 0;
		e->retry_at_ns = clock_mono_ns() + RETRY_NS;
	} else {
		log_warn_err(err, "could not bring the mirror of a static pod up to date", "pod=%s", e->key);
		e->retry_delay_ns = e->retry_delay_ns ? 2 * e->retry_delay_ns : RETRY_NS;
		if (e->retry_delay_ns > RETRY_MAX_NS)
			e->retry_delay_ns = RETRY_MAX_NS;
		e->retry_at_ns = clock_mono_ns() + e->retry_delay_ns;
	}
	loop_timer_set(e->s->c.host->loop, &e->retry, e->retry_at_ns);
	settle(e, NULL);
}

static char *path_of(const char *ns, const char *name)
{
	autobuf struct buf b = BUF_INIT;
	rest_path(&b, "", "v1", ns, "pods", name, NULL);
	return buf_take(&b, NULL);
}

static void create_mirror(struct staticpod *e)
{
	struct pod_host *h = e->s->c.host;
	e->calling = true;
	api_call(h->api, REST_POST, path_of(e->running->pod->o.meta.namespace, NULL),
		 podfile_mirror(e->running, h->node.name, e->s->node_uid), false, called, e);
}

static void delete_mirror(struct staticpod *e)
{
	const struct meta *m = &e->mirror->o.meta;
	js *body = js_new_obj();
	js_set_str(body, "kind", "DeleteOptions");
	js_set_str(body, "apiVersion", "v1");
	js_set_int(body, "gracePeriodSeconds", 0);
	js_set_str(js_ensure(body, "preconditions", NULL), "uid", m->uid);
	e->calling = true;
	api_call(e->s->c.host->api, REST_DELETE, path_of(m->namespace, m->name), body, false, called, e);
}

/* It is of what is wanted, and nobody is deleting it. */
static bool mirror_good(const struct staticpod *e)
{
	const char *hash = labels_get(e->mirror->o.meta.annotations, PODFILE_MIRROR);
	return e->want && hash && !strcmp(hash, e->want->pod->o.meta.uid) && !e->mirror->o.meta.deleted_ns;
}

static void settle_mirror(struct staticpod *e)
{
	struct staticpods *s = e->s;
	bool runs_wanted = e->running && !e->stopping && e->want;
	if (!s->c.host->api)
		return;
	if (runs_wanted)
		worker_mirror(s->c.host, e->running->pod->o.meta.uid,
			      e->mirror && mirror_good(e) ? e->mirror : NULL);
	if (e->calling || retry_waits(e))
		return;
	if (e->mirror && !mirror_good(e))
		delete_mirror(e);
	else if (!e->mirror && runs_wanted && s->synced && s->node_uid)
		create_mirror(e);
}

/* ---- the Pod ---- */

static void entry_free(struct staticpod *e)
{
	struct staticpods *s = e->s;
	loop_timer_set(s->c.host->loop, &e->retry, CLOCK_NEVER);
	map_del(&s->entries, e->key);
	podfile_free(e->want);
	podfile_free(e->running);
	informer_unref(e->mirror);
	free(e->key);
	free(e);
}

static bool same(const struct podfile *a, const struct podfile *b)
{
	return a && b && !strcmp(a->pod->o.meta.uid, b->pod->o.meta.uid);
}

static void stop_running(struct staticpod *e)
{
	const struct pod *ending = podfile_ending(e->running, clock_wall_ns());
	e->stopping = true;
	worker_see(e->s->c.host, ending, NULL);
	informer_unref(ending);
}

/* A file of its own for what runs: what is wanted may change while that goes on. */
static struct podfile *copy(const struct podfile *f)
{
	struct podfile *c = MEM_NEW(struct podfile);
	*c = (struct podfile){.path = mem_strdup(f->path),
			      .key = mem_strdup(f->key),
			      .object = js_dup(f->object),
			      .pod = informer_ref(f->pod)};
	return c;
}

static void settle(struct staticpod *e, const struct runtime_list *found)
{
	if (e->running && !e->stopping && !same(e->want, e->running))
		stop_running(e); /* may come back here as staticpods_ended */
	if (!e->running && e->want) {
		e->running = copy(e->want);
		e->stopping = false;
		log_info("running a static pod", "pod=%s file=%s", e->key, e->want->path);
		worker_see(e->s->c.host, e->running->pod, found);
	}
	settle_mirror(e);
	if (!e->want && !e->running && !e->mirror && !e->calling)
		entry_free(e);
}

static struct staticpod *entry_of(struct staticpods *s, const char *key)
{
	struct staticpod *e = map_get(&s->entries, key);
	if (e)
		return e;
	e = MEM_NEW(struct staticpod);
	e->s = s;
	e->key = mem_strdup(key);
	e->retry.fn = on_retry;
	e->retry.arg = e;
	map_set(&s->entries, key, e);
	return e;
}

static void ended_later(void *arg)
{
	struct staticpod *e = arg;
	podfile_free(STEAL(e->running));
	e->stopping = false;
	settle(e, NULL);
}

void staticpods_ended(struct staticpods *s, const char *uid)
{
	for (struct map_iter it = {0}; s && map_next(&s->entries, &it);) {
		struct staticpod *e = it.value;
		if (e->running && !strcmp(e->running->pod->o.meta.uid, uid)) {
			/* Not from inside the worker's last breath. */
			loop_post(s->c.host->loop, ended_later, e);
			return;
		}
	}
}

/* ---- what a look has found ---- */

static bool bad_file(const struct look *l, const char *path)
{
	for (size_t i = 0; i < l->n_bad; i++)
		if (!strcmp(l->bad[i].path, path))
			return true;
	return false;
}

/* Each fault of a file once. */
static void tell_bad(struct staticpods *s, const struct look *l)
{
	struct map told = s->told;
	s->told = (struct map)MAP_INIT;
	for (size_t i = 0; i < l->n_bad; i++) {
		const char *before = map_get(&told, l->bad[i].path);
		if (!before || strcmp(before, l->bad[i].why) != 0)
			log_warning("could not process a manifest", "file=%s error=%s", l->bad[i].path,
				    l->bad[i].why);
		free(map_set(&s->told, l->bad[i].path, mem_strdup(l->bad[i].why)));
	}
	for (struct map_iter it = {0}; map_next(&told, &it);)
		free(it.value);
	map_release(&told);
}

static void want(struct staticpods *s, struct look *l, size_t i, struct map *wanted)
{
	struct staticpod *e = entry_of(s, l->v[i]->key);
	if (map_set(wanted, e->key, e))
		log_warning("two manifests of one static pod: the later one counts", "pod=%s file=%s", e->key,
			    l->v[i]->path);
	if (same(e->want, l->v[i]))
		return;
	podfile_free(e->want);
	e->want = STEAL(l->v[i]);
}

static void look_apply(struct staticpods *s, struct look *l, const struct runtime_list *found)
{
	automap struct map wanted = MAP_INIT;
	struct staticpod **all;
	size_t n = 0;
	s->digest = l->digest;
	s->had_bad = l->n_bad > 0;
	tell_bad(s, l);
	for (size_t i = 0; i < l->n; i++)
		want(s, l, i, &wanted);
	all = mem_array(map_len(&s->entries) + 1, sizeof(struct staticpod *));
	for (struct map_iter it = {0}; map_next(&s->entries, &it);)
		all[n++] = it.value;
	for (size_t i = 0; i < n; i++) {
		/* A file that is being written is bad for a moment: what it was stays until the next full look. */
		bool keep = all[i]->want && l->by_event && bad_file(l, all[i]->want->path);
		if (!map_has(&wanted, all[i]->key) && !keep)
			podfile_free(STEAL(all[i]->want));
		settle(all[i], found);
	}
	free(all);
}

static void look_begin(struct staticpods *s, bool by_event);

static void look_done(void *arg)
{
	struct look *l = arg;
	struct staticpods *s = l->s;
	s->looking = false;
	if (!l->unchanged)
		look_apply(s, l, NULL);
	look_free(l);
	if (s->again)
		look_begin(s, true);
}

static void look_begin(struct staticpods *s, bool by_event)
{
	s->again = s->looking;
	if (s->looking)
		return;
	s->looking = true;
	loop_job(s->c.host->loop, LANE_WORK, look_work, look_done, look_new(s, by_event));
}

/* ---- when to look ---- */

static void watch(struct staticpods *s)
{
	struct stat st;
	if (s->inotify < 0 || s->watch >= 0 || stat(s->c.path, &st) < 0)
		return;
	/* An editor replaces a file: its directory is what stays. */
	autofree char *dir = mem_strdup(s->c.path);
	char *slash = strrchr(dir, '/');
	if (!S_ISDIR(st.st_mode) && slash)
		slash[slash == dir] = '\0';
	s->watch = inotify_add_watch(s->inotify, dir,
				     IN_CLOSE_WRITE | IN_CREATE | IN_ATTRIB | IN_DELETE | IN_MOVED_FROM |
					     IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF);
}

static void on_inotify(void *arg, unsigned events)
{
	struct staticpods *s = arg;
	char bytes[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	for (ssize_t n; (n = read(s->inotify, bytes, sizeof(bytes))) > 0;)
		for (char *p = bytes; p < bytes + n;) {
			const struct inotify_event *e = (const struct inotify_event *)p;
			if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED)) {
				if (!(e->mask & IN_IGNORED) && s->watch >= 0)
					(void)inotify_rm_watch(s->inotify, s->watch);
				s->watch = -1;
			}
			p += sizeof(*e) + e->len;
		}
	if (events & LOOP_ERROR)
		return;
	loop_timer_set(s->c.host->loop, &s->quiet, clock_mono_ns() + QUIET_NS);
}

static void on_quiet(void *arg)
{
	struct staticpods *s = arg;
	watch(s);
	look_begin(s, true);
}

static void on_every(void *arg)
{
	struct staticpods *s = arg;
	watch(s);
	look_begin(s, false);
	loop_timer_set(s->c.host->loop, &s->every, clock_mono_ns() + s->c.every_ns);
}

void staticpods_start(struct staticpods *s, const struct runtime_list *found)
{
	struct err err = ERR_INIT;
	if (!*s->c.path)
		return;
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->inotify >= 0 && loop_io_start(s->c.host->loop, &s->io, s->inotify, LOOP_READ, &err) < 0)
		log_warn_err(&err, "cannot watch the static pods' manifests", NULL);
	watch(s);
	struct look *l = look_new(s, false);
	look_work(l);
	look_apply(s, l, found);
	look_free(l);
	loop_timer_set(s->c.host->loop, &s->every, clock_mono_ns() + s->c.every_ns);
}

/* ---- what the API says ---- */

static void settle_all(struct staticpods *s)
{
	struct staticpod **all = mem_array(map_len(&s->entries) + 1, sizeof(struct staticpod *));
	size_t n = 0;
	for (struct map_iter it = {0}; map_next(&s->entries, &it);)
		all[n++] = it.value;
	for (size_t i = 0; i < n; i++)
		settle(all[i], NULL);
	free(all);
}

void staticpods_mirror(struct staticpods *s, const struct pod *old, const struct pod *new)
{
	const struct meta *m = new ? &new->o.meta : &old->o.meta;
	autofree char *key = mem_printf("%s/%s", m->namespace, m->name);
	struct staticpod *e = entry_of(s, key);
	informer_unref(e->mirror);
	e->mirror = new ? informer_ref(new) : NULL;
	e->retry_at_ns = 0;
	if (s->synced || e->running)
		settle(e, NULL);
}

void staticpods_synced(struct staticpods *s)
{
	s->synced = true;
	settle_all(s);
}

void staticpods_registered(struct staticpods *s, const char *node_uid)
{
	free(s->node_uid);
	s->node_uid = mem_strdup(node_uid);
	settle_all(s);
}

/* ---- life ---- */

struct staticpods *staticpods_new(const struct staticpod_config *c)
{
	struct staticpods *s = MEM_NEW(struct staticpods);
	s->c = *c;
	s->inotify = s->watch = -1;
	s->io = (struct loop_io){.fn = on_inotify, .arg = s};
	s->quiet.fn = on_quiet;
	s->every.fn = on_every;
	s->quiet.arg = s->every.arg = s;
	return s;
}

void staticpods_free(struct staticpods *s)
{
	if (!s)
		return;
	loop_timer_set(s->c.host->loop, &s->quiet, CLOCK_NEVER);
	loop_timer_set(s->c.host->loop, &s->every, CLOCK_NEVER);
	loop_io_stop(&s->io);
	if (s->inotify >= 0)
		close(s->inotify);
	for (struct map_iter it = {0}; map_next(&s->entries, &it); it = (struct map_iter){0})
		entry_free(it.value);
	map_release(&s->entries);
	for (struct map_iter it = {0}; map_next(&s->told, &it);)
		free(it.value);
	map_release(&s->told);
	free(s->node_uid);
	free(s);
}
