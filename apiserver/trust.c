/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every server of a cluster writes here, each with its own files and flags, so nobody takes away what another one has
 * said: lists and certificates are united, the older first. What has no certificates is not said at all, whoever wrote
 * it, and keys that nobody knows do not stay.
 */
#include "trust.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "kinds/certificates/pem.h"

#define CERT_BEGIN "-----BEGIN CERTIFICATE-----"
#define CERT_END "-----END CERTIFICATE-----"
#define GRACE_NS (300 * NS_PER_S) /* clocks differ */
#define CLIENT_CA "client-ca-file"
#define PROXY_CA "requestheader-client-ca-file"

static const struct {
	const char *key; /* of the ConfigMap, and the flag's name */
	size_t at;	 /* in struct front_proxy */
	const char *standard;
	bool may_lack; /* then it is not said */
} lists[] = {
	{"requestheader-username-headers", offsetof(struct front_proxy, usernames), NULL, false},
	{"requestheader-uid-headers", offsetof(struct front_proxy, uids), "X-Remote-Uid", true},
	{"requestheader-group-headers", offsetof(struct front_proxy, groups), NULL, false},
	{"requestheader-extra-headers-prefix", offsetof(struct front_proxy, extra_prefixes), NULL, false},
	{"requestheader-allowed-names", offsetof(struct front_proxy, allowed_names), NULL, false},
};

static const char *text_of(const char *s)
{
	return s ? s : "";
}

static const char *list_of(const struct front_proxy *p, size_t i)
{
	return text_of(*(const char *const *)((const char *)p + lists[i].at));
}

/* The next item of a text with commas; false at its end. */
static bool next_item(const char **list, const char **ret, size_t *ret_n)
{
	if (!*list || !**list)
		return false;
	*ret = *list;
	*ret_n = strcspn(*list, ",");
	*list = (*ret)[*ret_n] ? *ret + *ret_n + 1 : NULL;
	return true;
}

static bool is_blank(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && strchr(" \t\r\n\v\f", p[i]))
		i++;
	return i == n;
}

int trust_check(const struct front_proxy *p, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const char *list = list_of(p, i), *item, *standard = lists[i].standard;
		size_t len = strlen(list), n;
		bool has = !standard || !len;

		if (len && list[len - 1] == ',')
			return err_set(err, REASON_INVALID, "empty value in \"%s\"", lists[i].key);
		while (next_item(&list, &item, &n)) {
			if (is_blank(item, n))
				return err_set(err, REASON_INVALID, "empty value in \"%s\"", lists[i].key);
			has = has || (strlen(standard) == n && !strncasecmp(item, standard, n));
		}
		if (!has)
			return err_set(
				err, REASON_INVALID,
				"--%s is set without specifying the standard %s header - API aggregation will not work",
				lists[i].key, standard);
	}
	return 0;
}

/* ---- uniting ---- */

/* Those of `more` that are not there already. */
static void add_certs(struct buf *out, const char *more, int64_t now_ns)
{
	for (const char *p = more, *end; (p = strstr(p, CERT_BEGIN)) && (end = strstr(p, CERT_END));
	     p = end) {
		autofree char *one = mem_strndup(p, (size_t)(end - p));
		size_t n = (size_t)(end - p) + strlen(CERT_END);
		if (!strstr(buf_str(out), one) && !pem_is_over(p, n, now_ns, GRACE_NS))
			buf_addf(out, "%s" CERT_END "\n", one);
	}
}

static void add_name(js *list, const char *p, size_t n)
{
	autofree char *name = mem_strndup(p, n);

	js_array_for_each (item, list)
		if (!strcmp(js_str0(item, NULL), name))
			return;
	js_push(list, js_new_str(name));
}

/* `there` is a list of strings written as JSON, or nothing. */
static js *unite_names(const char *there, const char *ours)
{
	struct err ignore = ERR_INIT;
	autojson js *old = *there ? js_parse(there, strlen(there), NULL, &ignore) : NULL;
	js *all = js_new_arr();
	const char *p;
	size_t n;

	js_array_for_each (item, old)
		if (js_is_str(item))
			add_name(all, js_str0(item, NULL), strlen(js_str0(item, NULL)));
	while (next_item(&ours, &p, &n))
		add_name(all, p, n);
	return all;
}

static void say_certs(js *data, const char *key, const js *there, const char *ours, int64_t now_ns)
{
	autobuf struct buf certs = BUF_INIT;

	add_certs(&certs, js_str0(there, key, NULL), now_ns);
	add_certs(&certs, text_of(ours), now_ns);
	if (certs.len)
		js_set_str(data, key, buf_str(&certs));
}

js *trust_data(const js *there, const char *client_ca_pem, const struct front_proxy *p, int64_t now_ns)
{
	js *data = js_new_obj();

	say_certs(data, CLIENT_CA, there, client_ca_pem, now_ns);
	say_certs(data, PROXY_CA, there, p->ca_pem, now_ns);
	if (!js_str(data, PROXY_CA, NULL))
		return data;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		autojson js *names = unite_names(js_str0(there, lists[i].key, NULL), list_of(p, i));
		autobuf struct buf text = BUF_INIT;
		js_write(&text, names);
		if (js_len(names) || !lists[i].may_lack)
			js_set_str(data, lists[i].key, buf_str(&text));
	}
	return data;
}
