/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/runtime.h"

#include <stdlib.h>
#include <stdio.h>
#include "base/mem.h"
#include "base/rand.h"

void runtime_new_id(const struct runtime *rt, char id[RUNTIME_ID_MAX])
{
	unsigned char raw[(RUNTIME_ID_MAX - 1) / 2];
	rand_bytes(raw, sizeof(raw));
	for (size_t i = 0; i < sizeof(raw); i++)
		snprintf(id + 2 * i, 3, "%02x", raw[i]);
	id[rt->ops->id_digits] = '\0';
}

static size_t count(const char *const *v)
{
	size_t n = 0;
	while (v && v[n])
		n++;
	return n;
}

const char **runtime_argv(const char *const *command, const char *const *args, char *const *entrypoint,
			  char *const *cmd)
{
	const char *const *first = count(command) ? command : (const char *const *)entrypoint;
	/* The image's CMD belongs to the image's ENTRYPOINT: either of ours replaces it. */
	const char *const *second = count(command) || count(args) ? args : (const char *const *)cmd;
	size_t n = count(first), m = count(second);
	if (!(n + m))
		return NULL;
	const char **v = mem_array(n + m + 1, sizeof(*v));
	for (size_t i = 0; i < n; i++)
		v[i] = first[i];
	for (size_t i = 0; i < m; i++)
		v[n + i] = second[i];
	return v;
}

char *runtime_log_dir(const char *root, const char *ns, const char *name, const char *uid)
{
	return mem_printf("%s/logs/%s_%s_%s", root, ns, name, uid);
}

char *runtime_log_path(const char *root, const char *ns, const char *name, const char *uid,
		       const char *container, unsigned attempt)
{
	autofree char *dir = runtime_log_dir(root, ns, name, uid);
	return mem_printf("%s/%s/%u.log", dir, container, attempt);
}

/* ---- releasing results ---- */

static void strings_free(char **v)
{
	for (size_t i = 0; v && v[i]; i++)
		free(v[i]);
	free(v);
}

static void kvs_free(struct runtime_kv *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free((char *)v[i].key);
		free((char *)v[i].value);
	}
	free(v);
}

void runtime_image_release(struct runtime_image *i)
{
	free(i->id);
	free(i->ref);
	free(i->digest_ref);
	strings_free(i->names);
	strings_free(i->entrypoint);
	strings_free(i->cmd);
	strings_free(i->env);
	free(i->working_dir);
	free(i->user);
	free(i->stop_signal);
	*i = (struct runtime_image){0};
}

void runtime_image_list_release(struct runtime_image_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		runtime_image_release(&l->v[i]);
	free(l->v);
	*l = (struct runtime_image_list){0};
}

void runtime_list_release(struct runtime_list *l)
{
	for (size_t i = 0; i < l->n_sandboxes; i++) {
		struct runtime_list_sandbox *s = &l->sandboxes[i];
		free(s->pod_uid);
		free(s->pod_namespace);
		free(s->pod_name);
		kvs_free(s->labels, s->n_labels);
		kvs_free(s->annotations, s->n_annotations);
	}
	for (size_t i = 0; i < l->n_containers; i++) {
		struct runtime_list_container *c = &l->containers[i];
		free(c->pod_uid);
		free(c->name);
		free(c->image_id);
		free(c->image_ref);
		free(c->image_asked);
		free(c->digest_ref);
		free(c->log_path);
		free(c->termination_log);
		kvs_free(c->labels, c->n_labels);
		kvs_free(c->annotations, c->n_annotations);
	}
	free(l->sandboxes);
	free(l->containers);
	*l = (struct runtime_list){0};
}
