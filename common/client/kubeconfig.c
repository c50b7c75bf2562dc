/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Only what a daemon needs of clientcmd: one file, its current context, credentials of the two kinds that our
 * authentication knows (client certificate, bearer token). Inline data wins over a file of the same field.
 */
#include "client/kubeconfig.h"

#include <stdlib.h>

#include "base/base64.h"
#include "base/mem.h"
#include "client/tls.h"
#include "object/json.h"
#include "object/yaml.h"

#define KUBECONFIG_MAX ((size_t)1 << 20)
#define SECRET_FILE_MAX ((size_t)256 << 10)

void kubeconfig_release(struct kubeconfig *k)
{
	free(k->server);
	free(k->ca_pem);
	free(k->cert_pem);
	free(k->key_pem);
	free(k->token);
	free(k->namespace);
	*k = (struct kubeconfig){0};
}

/* The member `inner` of the list entry called `name`. */
static const js *find_named(const js *root, const char *list, const char *name, const char *inner)
{
	js_array_for_each (item, js_arr(root, list, NULL)) {
		const char *s = js_str(item, "name", NULL);

		if (s && !strcmp(s, name))
			return js_obj(item, inner, NULL);
	}
	return NULL;
}

static int read_beside(const char *dir, const char *file, char **ret, struct err *err)
{
	autofree char *path = *file == '/' ? mem_strdup(file) : mem_printf("%s/%s", dir, file);
	autobuf struct buf b = BUF_INIT;

	if (tls_read_file(path, SECRET_FILE_MAX, &b, err))
		return -1;
	*ret = buf_take(&b, NULL);
	return 0;
}

/* FIELD-data (base64) or FIELD (a file) into *ret; neither leaves NULL. */
static int read_pem(const js *o, const char *field, const char *dir, char **ret, struct err *err)
{
	autofree char *data_field = mem_printf("%s-data", field);
	const char *data = js_str0(o, data_field, NULL), *file = js_str0(o, field, NULL);
	autobuf struct buf b = BUF_INIT;

	if (*data) {
		if (base64_decode(&b, data, strlen(data), err))
			return err_wrap(err, "%s", data_field);
		*ret = buf_take(&b, NULL);
		return 0;
	}
	return *file ? read_beside(dir, file, ret, err) : 0;
}

static int read_user(const js *user, const char *dir, struct kubeconfig *k, struct err *err)
{
	const char *token = js_str0(user, "token", NULL), *file = js_str0(user, "tokenFile", NULL);

	if (js_obj(user, "exec", NULL) || js_obj(user, "auth-provider", NULL))
		return err_set(err, REASON_BAD_REQUEST, "credential plugins are not supported");
	if (read_pem(user, "client-certificate", dir, &k->cert_pem, err) ||
	    read_pem(user, "client-key", dir, &k->key_pem, err))
		return -1;
	if (*token) {
		k->token = mem_strdup(token);
	} else if (*file) {
		if (read_beside(dir, file, &k->token, err))
			return -1;
		k->token[strcspn(k->token, "\r\n")] = '\0';
	}
	return 0;
}

static int read_tree(const js *root, const char *dir, struct kubeconfig *k, struct err *err)
{
	const char *name = js_str0(root, "current-context", NULL), *server, *ns;
	const js *context = find_named(root, "contexts", name, "context"), *cluster, *user;

	if (!*name)
		return err_set(err, REASON_BAD_REQUEST, "no current-context");
	if (!context)
		return err_set(err, REASON_BAD_REQUEST, "context \"%s\" does not exist", name);
	cluster = find_named(root, "clusters", js_str0(context, "cluster", NULL), "cluster");
	server = js_str0(cluster, "server", NULL);
	if (!*server)
		return err_set(err, REASON_BAD_REQUEST, "cluster \"%s\" has no server",
			       js_str0(context, "cluster", NULL));
	k->server = mem_strdup(server);
	for (size_t n = strlen(k->server); n && k->server[n - 1] == '/'; n--)
		k->server[n - 1] = '\0';
	k->insecure = js_bool(cluster, false, "insecure-skip-tls-verify", NULL);
	ns = js_str0(context, "namespace", NULL);
	k->namespace = mem_strdup(*ns ? ns : "default");
	if (read_pem(cluster, "certificate-authority", dir, &k->ca_pem, err))
		return -1;
	user = find_named(root, "users", js_str0(context, "user", NULL), "user");
	return user ? read_user(user, dir, k, err) : 0;
}

int kubeconfig_parse(const char *p, size_t n, const char *dir, struct kubeconfig *ret, struct err *err)
{
	struct kubeconfig k = {0};
	autojson js *root = yaml_parse(p, n, NULL, err);

	if (!root)
		return -1;
	if (read_tree(root, dir, &k, err)) {
		kubeconfig_release(&k);
		return -1;
	}
	*ret = k;
	return 0;
}

int kubeconfig_load(const char *path, struct kubeconfig *ret, struct err *err)
{
	autofree char *chosen = NULL, *dir = NULL;
	autobuf struct buf b = BUF_INIT;
	char *slash;

	if (path && *path)
		chosen = mem_strdup(path);
	else if (getenv("KUBECONFIG"))
		chosen = mem_strdup(getenv("KUBECONFIG"));
	else
		chosen = mem_printf("%s/.kube/config", getenv("HOME") ? getenv("HOME") : "");
	if (tls_read_file(chosen, KUBECONFIG_MAX, &b, err))
		return -1;
	dir = mem_strdup(chosen);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	else
		memcpy(dir, ".", 2); /* chosen was not empty */
	if (kubeconfig_parse(buf_str(&b), b.len, dir, ret, err))
		return err_wrap(err, "%s", chosen);
	return 0;
}

static void set_data(js *o, const char *field, const char *pem)
{
	autobuf struct buf b = BUF_INIT;

	if (!pem)
		return;
	base64_encode(&b, pem, strlen(pem));
	js_set_str(o, field, buf_str(&b));
}

/* Appends {name, INNER: {}} to a new list and returns the inner object. */
static js *add_named(js *root, const char *list, const char *name, const char *inner)
{
	js *item = js_new_obj(), *o = js_new_obj();

	js_set_str(item, "name", name);
	js_set(item, inner, o);
	js_push(js_ensure_arr(root, list), item);
	return o;
}

int kubeconfig_write(const char *path, const char *cluster, const char *user, const struct kubeconfig *k,
		     struct err *err)
{
	autofree char *context = mem_printf("%s@%s", user, cluster);
	autojson js *root = js_new_obj();
	autobuf struct buf b = BUF_INIT;
	js *o;

	js_set_str(root, "apiVersion", "v1");
	js_set_str(root, "kind", "Config");
	o = add_named(root, "clusters", cluster, "cluster");
	js_set_str(o, "server", k->server);
	set_data(o, "certificate-authority-data", k->ca_pem);
	if (k->insecure)
		js_set_bool(o, "insecure-skip-tls-verify", true);
	o = add_named(root, "contexts", context, "context");
	js_set_str(o, "cluster", cluster);
	js_set_str(o, "user", user);
	if (k->namespace && strcmp(k->namespace, "default"))
		js_set_str(o, "namespace", k->namespace);
	o = add_named(root, "users", user, "user");
	set_data(o, "client-certificate-data", k->cert_pem);
	set_data(o, "client-key-data", k->key_pem);
	js_set_str(o, "token", k->token);
	js_set_str(root, "current-context", context);
	yaml_write(&b, root);
	return tls_write_pem(path, buf_str(&b), true, err);
}
