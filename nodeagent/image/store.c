/* SPDX-License-Identifier: Apache-2.0 */
#include "image/record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/map.h"
#include "client/tls.h"
#include "image/unpack.h"
#include "object/json.h"
#include "os/tree.h"

#define COARSE_NS (50 * NS_PER_MS) /* several ticks of the slowest kernel clock */

struct image_store {
	char *dir;
	int users_fd;	      /* "lock", held shared while open */
	pthread_mutex_t lock; /* guards what follows; no I/O under it but of records */
	struct timespec seen; /* mtime of records/ when it was read; 0 = read it again */
	struct image_record **v;
	size_t n, cap;
	/* Layers that a pull under way has found or made and no record names yet: kept from the sweep. */
	struct map pending; /* digest -> (void *)count */
};

char *image_store_layer_path(struct image_store *s, const char *digest)
{
	return image_path(s->dir, "layers", digest, "");
}

void image_digest_of(const void *p, size_t n, char ret[IMAGE_DIGEST_MAX])
{
	char hex[65];
	struct tls_sha256 *h = tls_sha256_new();
	tls_sha256_add(h, p, n);
	tls_sha256_end(h, hex);
	snprintf(ret, IMAGE_DIGEST_MAX, "sha256:%s", hex);
}

static size_t count_names(char *const *names)
{
	size_t n = 0;
	while (names && names[n])
		n++;
	return n;
}

static bool has_name(const struct image_record *r, const char *name)
{
	for (size_t i = 0; r->names[i]; i++)
		if (!strcmp(r->names[i], name))
			return true;
	return false;
}

/* ---- the records in memory ---- */

static void add_record(struct image_store *s, struct image_record *r)
{
	if (s->n == s->cap)
		s->v = mem_realloc_array(s->v, s->cap = s->cap ? s->cap * 2 : 8, sizeof(*s->v));
	s->v[s->n++] = r;
}

/* A record that cannot be read is as good as none: the image will be pulled or imported again. */
static bool load_record(void *arg, const char *file)
{
	struct image_store *s = arg;
	size_t n = strlen(file);
	if (n != 64 + 5 || strcmp(file + 64, ".json"))
		return true;
	struct image_record *r = MEM_NEW(struct image_record);
	r->refs = 1;
	r->id = mem_printf("sha256:%.64s", file);
	struct err err = ERR_INIT;
	if (image_ref_digest_valid(r->id) && image_record_load(s->dir, r, &err) == 0)
		add_record(s, r);
	else
		image_record_unref(r);
	return true;
}

static void drop_records(struct image_store *s)
{
	while (s->n)
		image_record_unref(s->v[--s->n]);
}

/* Called with the lock held: reads the records when any process has changed them since. Time stamps are
   coarse: a directory that changed just now may change again without showing it. */
static int refresh(struct image_store *s, struct err *err)
{
	autofree char *dir = mem_printf("%s/records", s->dir);
	struct stat st;
	if (stat(dir, &st) < 0)
		return err_errno(err, "%s", dir);
	if (st.st_mtim.tv_sec == s->seen.tv_sec && st.st_mtim.tv_nsec == s->seen.tv_nsec)
		return 0;
	int64_t changed = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
	bool settled = clock_wall_ns() - changed > COARSE_NS;
	drop_records(s);
	if (tree_names(dir, load_record, s, err) < 0)
		return -1;
	s->seen = settled ? st.st_mtim : (struct timespec){0};
	return 0;
}

/* The right to change records, over all processes; close the descriptor to give it back. */
static int writer(const struct image_store *s, struct err *err)
{
	autofree char *path = mem_printf("%s/write", s->dir);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		err_errno(err, "lock %s", path);
		mem_autoclose(&fd);
		return -1;
	}
	return fd;
}

/* ---- the sweep ---- */

struct sweep {
	struct image_store *s;
	char **doomed;
	size_t n, cap;
};

static bool layer_is_named(const struct image_store *s, const char *digest)
{
	if (map_has(&s->pending, digest))
		return true;
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < s->v[i]->n_layers; j++)
			if (!strcmp(s->v[i]->layers[j], digest))
				return true;
	return false;
}

static bool sweep_layer(void *arg, const char *name)
{
	struct sweep *w = arg;
	char digest[IMAGE_DIGEST_MAX];
	snprintf(digest, sizeof(digest), "sha256:%.64s", name);
	if (strlen(name) != 64 || layer_is_named(w->s, digest))
		return true;
	if (w->n == w->cap)
		w->doomed =
			mem_realloc_array(w->doomed, w->cap = w->cap ? w->cap * 2 : 8, sizeof(*w->doomed));
	/* Out of the way at once, so that the name is free; removed when the lock is off. */
	autofree char *from = mem_printf("%s/layers/%s", w->s->dir, name);
	char *to = mem_printf("%s/ingest/doomed-%s", w->s->dir, name);
	if (rename(from, to) == 0)
		w->doomed[w->n++] = to;
	else
		free(to);
	return true;
}

/* Called with the lock held; the returned list is for sweep_finish, without it. */
static struct sweep sweep_start(struct image_store *s)
{
	struct sweep w = {.s = s};
	autofree char *layers = mem_printf("%s/layers", s->dir);
	struct err ignored = ERR_INIT;
	(void)!tree_names(layers, sweep_layer, &w, &ignored);
	return w;
}

static int sweep_finish(struct sweep *w, int64_t *ret_freed, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; i < w->n; i++) {
		int64_t ignored = 0;
		if (ret_freed)
			tree_usage(w->doomed[i], ret_freed, &ignored);
		if (tree_remove(w->doomed[i], err) < 0)
			rc = -1;
		free(w->doomed[i]);
	}
	free(w->doomed);
	return rc;
}

/* ---- open, look up ---- */

/* What crashes left, removed by whoever is alone. */
static int clean_up(struct image_store *s, struct err *err)
{
	autofree char *ingest = mem_printf("%s/ingest", s->dir);
	if (tree_remove(ingest, err) < 0 || tree_mkdirs(ingest, 0700, err) < 0)
		return -1;
	struct sweep w = sweep_start(s);
	return sweep_finish(&w, NULL, err);
}

static int open_locked(struct image_store *s, struct err *err)
{
	static const char *const subs[] = {"blobs", "layers", "records", "ingest"};
	for (size_t i = 0; i < ARRAY_LEN(subs); i++) {
		autofree char *p = mem_printf("%s/%s", s->dir, subs[i]);
		if (tree_mkdirs(p, 0700, err) < 0)
			return -1;
	}
	autofree char *lock = mem_printf("%s/lock", s->dir);
	s->users_fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->users_fd < 0)
		return err_errno(err, "open %s", lock);
	bool alone = flock(s->users_fd, LOCK_EX | LOCK_NB) == 0;
	if (refresh(s, err) < 0 || (alone && clean_up(s, err) < 0))
		return -1;
	return flock(s->users_fd, LOCK_SH) < 0 ? err_errno(err, "lock %s", lock) : 0;
}

struct image_store *image_store_open(const char *dir, struct err *err)
{
	struct image_store *s = MEM_NEW(struct image_store);
	s->dir = mem_strdup(dir);
	s->users_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	if (open_locked(s, err) < 0) {
		image_store_free(s);
		return NULL;
	}
	return s;
}

void image_store_free(struct image_store *s)
{
	if (!s)
		return;
	drop_records(s);
	free(s->v);
	map_release(&s->pending);
	mem_autoclose(&s->users_fd);
	pthread_mutex_destroy(&s->lock);
	free(s->dir);
	free(s);
}

static ssize_t find(const struct image_store *s, const char *name_or_id)
{
	bool id = image_ref_digest_valid(name_or_id);
	for (size_t i = 0; i < s->n; i++)
		if (id ? !strcmp(s->v[i]->id, name_or_id) : has_name(s->v[i], name_or_id))
			return (ssize_t)i;
	return -1;
}

struct image_record *image_store_get(struct image_store *s, const char *name, struct err *err)
{
	autofree char *key = NULL;
	if (image_ref_digest_valid(name)) {
		key = mem_strdup(name);
	} else {
		struct image_ref ref;
		if (image_ref_parse(name, &ref, err) < 0)
			return NULL;
		/* A digest says it all; the tag beside it is decoration. */
		key = ref.digest[0] ? image_ref_with_digest(&ref, ref.digest) : image_ref_string(&ref);
	}
	pthread_mutex_lock(&s->lock);
	int rc = refresh(s, err);
	ssize_t i = rc < 0 ? -1 : find(s, key);
	struct image_record *r = i < 0 ? NULL : image_record_ref(s->v[i]);
	pthread_mutex_unlock(&s->lock);
	if (!r && rc == 0)
		err_set(err, REASON_NOT_FOUND, "image \"%.300s\" is not present", name);
	return r;
}

struct image_record **image_store_list(struct image_store *s, size_t *ret_n)
{
	struct err ignored = ERR_INIT; /* what was known before is the best answer then */
	pthread_mutex_lock(&s->lock);
	(void)!refresh(s, &ignored);
	struct image_record **v = mem_array(s->n + 1, sizeof(*v));
	for (size_t i = 0; i < s->n; i++)
		v[i] = image_record_ref(s->v[i]);
	*ret_n = s->n;
	pthread_mutex_unlock(&s->lock);
	return v;
}

static int unlink_existing(const char *path, struct err *err)
{
	return unlink(path) < 0 && errno != ENOENT ? err_errno(err, "remove %s", path) : 0;
}

/* Called with the lock held. */
static int remove_record(struct image_store *s, const char *id, struct sweep *w, struct err *err)
{
	if (refresh(s, err) < 0)
		return -1;
	ssize_t i = image_ref_digest_valid(id) ? find(s, id) : -1;
	if (i < 0)
		return 0;
	autofree char *record = image_path(s->dir, "records", id, ".json"),
		      *blob = image_path(s->dir, "blobs", id, "");
	if (unlink_existing(record, err) < 0 || unlink_existing(blob, err) < 0)
		return -1;
	image_record_unref(s->v[i]);
	s->v[i] = s->v[--s->n];
	*w = sweep_start(s);
	return 0;
}

int image_store_remove(struct image_store *s, const char *id, int64_t *ret_freed, struct err *err)
{
	struct sweep w = {0};
	if (ret_freed)
		*ret_freed = 0;
	autoclose int fd = writer(s, err);
	if (fd < 0)
		return -1;
	pthread_mutex_lock(&s->lock);
	int rc = remove_record(s, id, &w, err);
	pthread_mutex_unlock(&s->lock);
	return sweep_finish(&w, ret_freed, err) < 0 ? -1 : rc;
}

/* ---- adding ---- */

int image_store_ingest(struct image_store *s, char **ret_path, struct err *err)
{
	char *path = mem_printf("%s/ingest/XXXXXX", s->dir);
	int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0) {
		err_errno(err, "create %s", path);
		free(path);
		return -1;
	}
	*ret_path = path;
	return fd;
}

bool image_store_has_layer(struct image_store *s, const char *digest)
{
	pthread_mutex_lock(&s->lock);
	autofree char *dir = image_store_layer_path(s, digest);
	bool there = access(dir, F_OK) == 0;
	/* Whoever asked is about to use it; an entry too many only delays the sweep until the next start. */
	if (there && !map_has(&s->pending, digest))
		map_set(&s->pending, digest, s);
	pthread_mutex_unlock(&s->lock);
	return there;
}

/* The layer as a directory of its own, before it has its name. */
static int unpack_aside(const char *file, const char *diff_id, const char *tmp, struct err *err)
{
	char found[IMAGE_DIGEST_MAX];
	autoclose int blob = open(file, O_RDONLY | O_CLOEXEC);
	if (blob < 0)
		return err_errno(err, "open %s", file);
	if (mkdir(tmp, 0755) < 0)
		return err_errno(err, "mkdir %s", tmp);
	autoclose int dir = open(tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_errno(err, "open %s", tmp);
	/* Whatever the umask; a layer that lists its root sets its own. */
	if (fchmod(dir, 0755) < 0)
		return err_errno(err, "chmod %s", tmp);
	if (image_unpack(blob, dir, found, err) < 0)
		return -1;
	return !strcmp(found, diff_id)
		       ? 0
		       : err_set(err, REASON_INVALID,
				 "failed to extract layer %s: wrong diff id calculated on extraction "
				 "\"%s\"",
				 diff_id, found);
}

int image_store_add_layer(struct image_store *s, const char *digest, const char *diff_id, const char *file,
			  struct err *err)
{
	if (image_store_has_layer(s, digest))
		return 0;
	autofree char *tmp = mem_printf("%s.d", file), *dir = image_store_layer_path(s, digest);
	struct err ignored = ERR_INIT;
	if (unpack_aside(file, diff_id, tmp, err) < 0) {
		(void)!tree_remove(tmp, &ignored);
		return -1;
	}
	pthread_mutex_lock(&s->lock);
	map_set(&s->pending, digest, s);
	/* Another pull may have been faster; its copy is as good. */
	bool lost = renameat2(AT_FDCWD, tmp, AT_FDCWD, dir, RENAME_NOREPLACE) < 0;
	int e = errno;
	pthread_mutex_unlock(&s->lock);
	if (!lost)
		return 0;
	(void)!tree_remove(tmp, &ignored);
	errno = e;
	return e == EEXIST || e == ENOTEMPTY ? 0 : err_errno(err, "rename %s", dir);
}

static int sync_all(const struct image_store *s, struct err *err)
{
	autoclose int fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || syncfs(fd) < 0 ? err_errno(err, "sync %s", s->dir) : 0;
}

/* A copy of a record with other names; takes ownership of names. */
static struct image_record *record_renamed(const struct image_store *s, const struct image_record *r,
					   char **names, struct err *err)
{
	struct image_record *c = MEM_NEW(struct image_record);
	c->refs = 1;
	c->id = mem_strdup(r->id);
	if (image_record_load(s->dir, c, err) < 0) {
		image_strings_free(names);
		image_record_unref(c);
		return NULL;
	}
	image_strings_free(c->names);
	c->names = names;
	c->pinned &= *names != NULL;
	if (image_record_save(s->dir, c, err) < 0) {
		image_record_unref(c);
		return NULL;
	}
	return c;
}

static int cmp_names(const void *a, const void *b)
{
	/* Digest references first, as node.status.images lists them. */
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	int dx = strchr(x, '@') != NULL, dy = strchr(y, '@') != NULL;
	return dx != dy ? dy - dx : strcmp(x, y);
}

/* Takes the names away from whoever has them. */
static int move_names(struct image_store *s, const char *id, const char *const *names, struct err *err)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct image_record *r = s->v[i];
		if (!strcmp(r->id, id))
			continue;
		char **rest = mem_array(count_names(r->names) + 1, sizeof(*rest));
		size_t n = 0, lost = 0;
		for (size_t j = 0; r->names[j]; j++) {
			bool moves = false;
			for (size_t k = 0; names[k]; k++)
				moves |= !strcmp(names[k], r->names[j]);
			if (moves)
				lost++;
			else
				rest[n++] = mem_strdup(r->names[j]);
		}
		if (!lost) {
			image_strings_free(rest);
			continue;
		}
		struct image_record *c = record_renamed(s, r, rest, err);
		if (!c)
			return -1;
		image_record_unref(s->v[i]);
		s->v[i] = c;
	}
	return 0;
}

static char **merged_names(const struct image_record *old, const char *const *names)
{
	size_t n = old ? count_names(old->names) : 0, more = count_names((char *const *)names);
	char **v = mem_array(n + more + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = mem_strdup(old->names[i]);
	for (size_t i = 0; i < more; i++) {
		bool there = false;
		for (size_t j = 0; j < n; j++)
			there |= !strcmp(v[j], names[i]);
		if (!there)
			v[n++] = mem_strdup(names[i]);
	}
	qsort(v, n, sizeof(*v), cmp_names);
	return v;
}

/* Of an image that is there already, which somebody has compressed otherwise, the layers stay: they hold the same, and there may be
   containers on them. */
static void keep_layers(struct image_record *r, const struct image_record *old)
{
	free(r->layers);
	r->n_layers = old->n_layers;
	r->layers = mem_array(r->n_layers + 1, sizeof(*r->layers));
	memcpy(r->layers, old->layers, r->n_layers * sizeof(*r->layers));
	r->size = old->size;
}

static int check_layers(const struct image_store *s, const struct image_record *r, struct err *err)
{
	for (size_t l = 0; l < r->n_layers; l++) {
		autofree char *dir = image_path(s->dir, "layers", r->layers[l], "");
		if (access(dir, F_OK) < 0)
			return err_errno(err, "layer %s", r->layers[l]);
	}
	return 0;
}

static int publish(struct image_store *s, struct image_record *r, const struct image_entry *e,
		   const struct image_manifest *m, struct err *err)
{
	struct err ignored = ERR_INIT;
	if (refresh(s, err) < 0)
		return -1;
	ssize_t i = find(s, r->id);
	if (i >= 0 && check_layers(s, s->v[i], &ignored) == 0)
		keep_layers(r, s->v[i]);
	/* The last look before it is seen: another image that shared a layer may have been removed meanwhile. */
	else if (check_layers(s, r, err) < 0)
		return -1;
	r->names = merged_names(i < 0 ? NULL : s->v[i], e->names);
	r->pinned = e->pin == IMAGE_PINNED || (e->pin == IMAGE_PIN_AS_BEFORE && i >= 0 && s->v[i]->pinned);
	if (image_record_save(s->dir, r, err) < 0 || move_names(s, r->id, e->names, err) < 0)
		return -1;
	if (i < 0) {
		add_record(s, image_record_ref(r));
	} else {
		image_record_unref(s->v[i]);
		s->v[i] = image_record_ref(r);
	}
	for (size_t l = 0; l < m->n; l++)
		map_del(&s->pending, m->layers[l].digest);
	return 0;
}

struct image_record *image_store_commit(struct image_store *s, const struct image_manifest *m,
					const char *config, size_t config_len, const struct image_entry *e,
					struct err *err)
{
	struct image_record *r = MEM_NEW(struct image_record);
	char digest[IMAGE_DIGEST_MAX];
	image_digest_of(config, config_len, digest);
	r->refs = 1;
	r->id = mem_strdup(digest);
	r->size = e->size;
	r->n_layers = m->n;
	r->layers = mem_array(m->n + 1, sizeof(*r->layers));
	for (size_t i = 0; i < m->n; i++)
		memcpy(r->layers[i], m->layers[i].digest, IMAGE_DIGEST_MAX);
	autofree char *blob = image_path(s->dir, "blobs", r->id, "");
	int rc = image_config_parse(config, config_len, &r->config, err);
	if (rc == 0)
		rc = tree_write(blob, config, config_len, 0644, TREE_DURABLE, err);
	if (rc == 0)
		rc = sync_all(s, err);
	autoclose int fd = rc == 0 ? writer(s, err) : -1;
	if (fd >= 0) {
		pthread_mutex_lock(&s->lock);
		rc = publish(s, r, e, m, err);
		pthread_mutex_unlock(&s->lock);
	}
	if (fd >= 0 && rc == 0)
		return r;
	image_record_unref(r);
	return NULL;
}
