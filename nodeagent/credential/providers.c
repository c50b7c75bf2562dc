/* SPDX-License-Identifier: Apache-2.0 */
/* See providers.h (kubernetes/kubernetes pkg/credentialprovider/plugin/plugin.go). */
#include "credential/providers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/flags.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "credential/providerconfig.h"
#include "object/core/image_ref.h"
#include "os/process.h"
#include "serve/metric.h"

#define TIMEOUT_NS (60 * NS_PER_S)
#define ANSWER_MAX ((size_t)1 << 20)
#define KEPT_MAX 1000	   /* answers of one provider */
#define FOR_ALL "<global>" /* no image is called so */

extern char **environ;

struct kept { /* an answer */
	char *auths;
	int64_t until_ns;
};

/* One call of the program, and those who want to know what it says of this image. */
struct provider_call {
	struct list link;
	const char *image; /* of the first who asked */
	size_t waiting;
	bool done;
	char *auths; /* NULL: nothing */
};

struct provider {
	const struct providerconfig_row *row;
	char *program;
	const char **argv, **env; /* NULL-terminated; the strings are others' */
	pthread_mutex_t lock;	  /* guards what follows */
	pthread_cond_t landed;
	struct map answers; /* what it is for -> struct kept */
	struct list flights;
	struct metric_series *errors, *duration;
};

struct providers {
	struct providerconfig config;
	struct provider *v;
	int64_t timeout_ns;
};

/* ---- making ---- */

static int check_program(const char *path, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0 && errno == ENOENT)
		return err_set(err, REASON_NOT_FOUND, "plugin binary executable %s did not exist", path);
	if (access(path, X_OK) < 0 || S_ISDIR(st.st_mode))
		return err_set(err, REASON_INVALID,
			       "error inspecting binary executable %s: permission denied", path);
	return 0;
}

static size_t count(const char *const *v)
{
	size_t n = 0;
	while (v[n])
		n++;
	return n;
}

/* The names of `over` win over the same ones of `under`, since a later one does. */
static const char **joined(const char *first, char *const *under, const char *const *over)
{
	size_t n = 0, many = count((const char *const *)under);
	const char **v = mem_array(many + count(over) + 2, sizeof(*v));
	if (first)
		v[n++] = first;
	for (size_t i = 0; i < many; i++) {
		size_t name = strcspn(under[i], "=") + 1;
		bool hidden = false;
		for (size_t k = 0; over[k] && !hidden; k++)
			hidden = !strncmp(over[k], under[i], name);
		if (!hidden)
			v[n++] = under[i];
	}
	for (size_t i = 0; over[i]; i++)
		v[n++] = over[i];
	return v;
}

static void provider_init(struct provider *p, const struct providerconfig_row *row, char *program)
{
	static const double seconds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 0};
	static const struct metric_def errors = {
		.name = "kubelet_credential_provider_plugin_errors_total",
		.help = "[ALPHA] Number of errors from credential provider plugin",
		.type = METRIC_COUNTER,
		.label_names = "plugin_name"};
	static const struct metric_def duration = {
		.name = "kubelet_credential_provider_plugin_duration",
		.help = "[ALPHA] Duration of execution in seconds for credential provider plugin",
		.type = METRIC_HISTOGRAM,
		.label_names = "plugin_name",
		.buckets = seconds};
	*p = (struct provider){.row = row, .program = program};
	p->argv = joined(program, (char *const[]){NULL}, row->args);
	p->env = joined(NULL, environ, row->env);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->landed, NULL);
	list_init(&p->flights);
	p->errors = metric_series(metric_register(&errors), row->name);
	p->duration = metric_series(metric_register(&duration), row->name);
}

static int open_programs(struct providers *p, const char *bin_dir, struct err *err)
{
	p->v = mem_array(p->config.n, sizeof(*p->v));
	for (size_t i = 0; i < p->config.n; i++) {
		const struct providerconfig_row *row = &p->config.v[i];
		provider_init(&p->v[i], row, mem_printf("%s/%s", bin_dir, row->name));
	}
	for (size_t i = 0; i < p->config.n; i++)
		if (check_program(p->v[i].program, err) < 0)
			return -1;
	return 0;
}

struct providers *providers_open(const char *config, const char *bin_dir, int64_t timeout_ns, struct err *err)
{
	static const struct metric_def info = {
		.name = "kubelet_credential_provider_config_info",
		.help = "[ALPHA] Information about the last applied credential provider configuration with hash as "
			"label",
		.type = METRIC_GAUGE,
		.label_names = "hash"};
	struct stat st;
	struct providers *p = NULL;
	if (stat(bin_dir, &st) < 0) {
		(void)err_set(err, REASON_INVALID, "plugin binary directory %s did not exist", bin_dir);
		return NULL;
	}
	p = MEM_NEW(struct providers);
	p->timeout_ns = timeout_ns ? timeout_ns : TIMEOUT_NS;
	if (providerconfig_read(config, &p->config, err) < 0 || open_programs(p, bin_dir, err) < 0) {
		providers_free(p);
		return NULL;
	}
	metric_set(metric_series(metric_register(&info), p->config.hash), 1);
	return p;
}

static void forget_all(struct map *answers)
{
	for (struct map_iter it = {0}; map_next(answers, &it);) {
		free(((struct kept *)it.value)->auths);
		free(it.value);
	}
	map_clear(answers);
}

void providers_free(struct providers *p)
{
	for (size_t i = 0; p && p->v && i < p->config.n; i++) {
		struct provider *v = &p->v[i];
		forget_all(&v->answers);
		map_release(&v->answers);
		pthread_cond_destroy(&v->landed);
		pthread_mutex_destroy(&v->lock);
		free(v->program);
		free(v->argv);
		free(v->env);
	}
	if (!p)
		return;
	free(p->v);
	providerconfig_release(&p->config);
	free(p);
}

/* ---- one call ---- */

struct provider_answer {
	char *auths;	  /* {"PLACE": {…}} */
	const char *what; /* it is for: the image, its registry or FOR_ALL; of static life or the image's */
	size_t what_len;
	int64_t for_ns;
};

static bool read_auths(const js *o, char **ret)
{
	const js *auth = js_field(o, "auth");
	autobuf struct buf text = BUF_INIT;
	if (auth && !js_is_obj(auth))
		return false;
	for (struct js_iter it = js_iter(auth); js_next(&it);)
		for (struct js_iter in = js_iter(it.value); js_next(&in);)
			if ((strcmp(in.key, "username") != 0 && strcmp(in.key, "password") != 0) ||
			    (in.value && !js_is_str(in.value)))
				return false;
	if (auth)
		js_write(&text, auth);
	*ret = buf_take(&text, NULL);
	return true;
}

static int read_version(const struct providerconfig_row *row, const js *o, struct err *err)
{
	const char *version = js_str0(o, "apiVersion", NULL);
	if (strcmp(version, row->api_version) != 0)
		return err_set(
			err, REASON_INVALID,
			"apiVersion from credential plugin response did not match expected apiVersion:%s, "
			"actual apiVersion:%.100s",
			row->api_version, version);
	return 0;
}

/* What is wrong is not quoted: it may hold credentials. */
static int read_fields(const struct providerconfig_row *row, const js *o, const char *image,
		       struct provider_answer *ret, struct err *err)
{
	static const char *const known[] = {"kind", "apiVersion", "cacheKeyType", "cacheDuration", "auth"};
	struct err ignored = ERR_INIT;
	const js *duration = js_get(o, "cacheDuration", NULL);
	const char *by = js_str0(o, "cacheKeyType", NULL);
	bool bad = strcmp(js_str0(o, "kind", NULL), "CredentialProviderResponse") != 0;
	for (struct js_iter it = js_iter(o); js_next(&it) && !bad;) {
		size_t k = 0;
		while (k < ARRAY_LEN(known) && strcmp(known[k], it.key) != 0)
			k++;
		bad = k == ARRAY_LEN(known);
	}
	ret->for_ns = row->cache_ns;
	bad = bad || (duration && (!js_is_str(duration) ||
				   flags_duration(js_str0(duration, NULL), &ret->for_ns, &ignored) < 0));
	if (bad || !read_auths(o, &ret->auths))
		return err_set(err, REASON_INVALID,
			       "error decoding credential provider plugin response from stdout");
	ret->what = strcmp(by, "Global") != 0 ? image : FOR_ALL;
	ret->what_len = !strcmp(by, "Registry") ? strcspn(image, "/") : strlen(ret->what);
	if (strcmp(by, "Image") != 0 && strcmp(by, "Registry") != 0 && strcmp(by, "Global") != 0)
		return err_set(err, REASON_INVALID,
			       "credential provider plugin did not return a valid cacheKeyType: \"%.100s\"",
			       by);
	return 0;
}

static int read_answer(const struct providerconfig_row *row, const char *text, size_t n, const char *image,
		       struct provider_answer *ret, struct err *err)
{
	struct js_duplicates dup = {0};
	struct err ignored = ERR_INIT;
	autojson js *o = js_parse(text, n, &dup, &ignored);
	bool twice = dup.n > 0;
	js_duplicates_release(&dup);
	if (!js_is_obj(o) || twice)
		return err_set(err, REASON_INVALID, "error reading GVK from response: it is no JSON object");
	return read_version(row, o, err) < 0 ? -1 : read_fields(row, o, image, ret, err);
}

int providers_parse(const char *text, size_t n, const char *image, struct keyring **ret, struct err *err)
{
	const struct providerconfig_row row = {.api_version = "credentialprovider.kubelet.k8s.io/v1"};
	struct provider_answer a = {0};
	int rc = read_answer(&row, text, n, image, &a, err);
	autojson js *o = rc == 0 && *a.auths ? js_parse(a.auths, strlen(a.auths), NULL, err) : NULL;
	*ret = NULL;
	keyring_add_auths(ret, o);
	free(a.auths);
	return rc;
}

static int call(const struct providers *all, struct provider *p, const char *image,
		struct provider_answer *ret, struct err *err)
{
	autobuf struct buf request = BUF_INIT, out = BUF_INIT_MAX(ANSWER_MAX),
			   errors = BUF_INIT_MAX(ANSWER_MAX);
	autojson js *o = js_new_obj();
	int status = 0;
	js_set_str(o, "kind", "CredentialProviderRequest");
	js_set_str(o, "apiVersion", p->row->api_version);
	js_set_str(o, "image", image);
	js_write(&request, o);
	buf_addc(&request, '\n');
	const struct process_spec s = {.argv = p->argv,
				       .env = p->env,
				       .in = buf_str(&request),
				       .in_len = request.len,
				       .out = &out,
				       .errors = &errors,
				       .timeout_ns = all->timeout_ns,
				       .fenced = true};
	int64_t begun = clock_mono_ns();
	int rc = process_run(&s, &status, err);
	metric_observe(p->duration, (double)(clock_mono_ns() - begun) / NS_PER_S);
	if (rc == 0 && status == 0)
		return read_answer(p->row, buf_str(&out), out.len, image, ret, err);
	metric_add(p->errors, 1);
	if (rc == 0)
		(void)err_set(err, REASON_INTERNAL, "exit status %d: %.300s", status, buf_str(&errors));
	return err_wrap(err, "error execing credential provider plugin %s for image %s", p->row->name, image);
}

/* ---- what is known ---- */

/* With the lock held. NULL: nothing is, any more. */
static const char *recall(struct provider *p, const char *what, size_t n)
{
	struct kept *k = map_getn(&p->answers, what, n);
	return k && clock_mono_ns() < k->until_ns ? k->auths : NULL;
}

static const char *recall_any(struct provider *p, const char *image)
{
	const char *auths = recall(p, image, strlen(image));
	if (!auths)
		auths = recall(p, image, strcspn(image, "/"));
	return auths ? auths : recall(p, FOR_ALL, strlen(FOR_ALL));
}

/* With the lock held. When there are too many, those that have run out go, and if that does not help, all. */
static void make_room(struct provider *p)
{
	int64_t now = clock_mono_ns();
	bool room = false;
	for (struct map_iter it = {0}; map_next(&p->answers, &it);)
		room |= ((struct kept *)it.value)->until_ns <= now;
	if (!room) {
		forget_all(&p->answers);
		return;
	}
	struct map old = p->answers;
	p->answers = (struct map)MAP_INIT;
	for (struct map_iter it = {0}; map_next(&old, &it);) {
		struct kept *k = it.value;
		if (k->until_ns > now) {
			map_setn(&p->answers, it.key, it.key_len, k);
		} else {
			free(k->auths);
			free(k);
		}
	}
	map_release(&old);
}

/* With the lock held. */
static void keep(struct provider *p, const struct provider_answer *a)
{
	int64_t now = clock_mono_ns();
	if (a->for_ns <= 0)
		return;
	if (map_len(&p->answers) >= KEPT_MAX)
		make_room(p);
	struct kept *k = MEM_NEW(struct kept), *old;
	*k = (struct kept){mem_strdup(a->auths), a->for_ns < INT64_MAX - now ? now + a->for_ns : INT64_MAX};
	if ((old = map_setn(&p->answers, a->what, a->what_len, k))) {
		free(old->auths);
		free(old);
	}
}

/* ---- asking ---- */

static struct provider_call *find_flight(struct provider *p, const char *image)
{
	list_for_each (l, &p->flights) {
		struct provider_call *f = list_entry(l, struct provider_call, link);
		if (!strcmp(f->image, image))
			return f;
	}
	return NULL;
}

/* With the lock held, which it lets go meanwhile. */
static char *wait_for(struct provider *p, struct provider_call *f)
{
	f->waiting++;
	while (!f->done)
		pthread_cond_wait(&p->landed, &p->lock);
	char *auths = f->auths ? mem_strdup(f->auths) : NULL;
	f->waiting--;
	pthread_cond_broadcast(&p->landed);
	return auths;
}

/* With the lock held, which it lets go meanwhile. The flight is on this thread's stack: it ends with its last passenger. */
static char *fly(const struct providers *all, struct provider *p, const char *image)
{
	struct provider_call f = {.image = image};
	struct provider_answer a = {0};
	struct err err = ERR_INIT;
	list_push_back(&p->flights, &f.link);
	pthread_mutex_unlock(&p->lock);
	if (call(all, p, image, &a, &err) < 0) {
		log_warn_err(&err, "Failed getting credential from external registry credential provider",
			     "provider=%s image=%s", p->row->name, image);
		free(STEAL(a.auths));
	}
	pthread_mutex_lock(&p->lock);
	f.auths = a.auths;
	f.done = true;
	list_del(&f.link);
	if (a.auths)
		keep(p, &a);
	pthread_cond_broadcast(&p->landed);
	while (f.waiting)
		pthread_cond_wait(&p->landed, &p->lock);
	return a.auths;
}

static char *ask(const struct providers *all, struct provider *p, const char *image)
{
	pthread_mutex_lock(&p->lock);
	const char *known = recall_any(p, image);
	struct provider_call *f = known ? NULL : find_flight(p, image);
	char *auths = known ? mem_strdup(known) : f ? wait_for(p, f) : fly(all, p, image);
	pthread_mutex_unlock(&p->lock);
	return auths;
}

/* DOMAIN/PATH, without tag and digest; NULL: it is no image's name. */
static char *repository(const char *image)
{
	struct image_ref ref;
	struct err ignored = ERR_INIT;
	if (image_ref_parse(image, &ref, &ignored) < 0)
		return NULL;
	return mem_printf("%s/%s", ref.domain, ref.path);
}

static bool is_for(const struct provider *p, const char *repository)
{
	for (const char *const *m = p->row->match; *m; m++)
		if (keyring_matches(*m, repository))
			return true;
	return false;
}

bool providers_want(const struct providers *p, const char *image)
{
	autofree char *name = p ? repository(image) : NULL;
	for (size_t i = 0; name && i < p->config.n; i++)
		if (is_for(&p->v[i], name))
			return true;
	return false;
}

struct keyring *providers_ask(struct providers *p, const char *image)
{
	autofree char *name = repository(image);
	struct keyring *k = NULL;
	struct err ignored = ERR_INIT;
	for (size_t i = 0; name && i < p->config.n; i++) {
		autofree char *auths = is_for(&p->v[i], name) ? ask(p, &p->v[i], name) : NULL;
		autojson js *o = auths && *auths ? js_parse(auths, strlen(auths), NULL, &ignored) : NULL;
		keyring_add_auths(&k, o);
	}
	return k;
}
