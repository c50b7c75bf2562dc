/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Impersonation (kubernetes/apiserver pkg/endpoints/filters/impersonation.go): who may act as somebody else becomes that
 * somebody before anything else is looked at. Each part that is asked for (user, group, uid, extra) is a permission of
 * its own; the groups that every user has are added as authentication would add them.
 */
#include "auth/auth.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "object/name.h"

#define EXTRA "Impersonate-Extra-"
#define ACCOUNT "system:serviceaccount:"

struct auth_identity {
	struct user requester;
	char *name, *uid;
	char *text; /* the user's name once more, to be cut into pieces */
	char *owned[IMPERSONATION_MAX + 1];
	size_t n_owned;
	const char *groups[IMPERSONATION_MAX + 3]; /* NULL-terminated */
	struct user_extra *extra;		   /* owned with its texts */
	size_t n_extra;
};

struct asked {
	const struct impersonation *im;
	const char *user, *uid;
	size_t groups, extras;
};

static bool is_header(const struct asked *a, size_t i, const char *name)
{
	return !strcasecmp(a->im->v[i].name, name);
}

static bool is_extra(const struct asked *a, size_t i)
{
	return !strncasecmp(a->im->v[i].name, EXTRA, sizeof(EXTRA) - 1);
}

static void count(struct asked *a)
{
	a->user = a->uid = "";
	for (size_t i = a->im->n; i-- > 0;) { /* the first of several counts */
		if (is_header(a, i, "Impersonate-User"))
			a->user = a->im->v[i].value;
		else if (is_header(a, i, "Impersonate-Uid"))
			a->uid = a->im->v[i].value;
		else if (is_header(a, i, "Impersonate-Group"))
			a->groups++;
		else if (is_extra(a, i))
			a->extras++;
	}
}

/* Splits system:serviceaccount:NS:NAME; ns is cut off in `copy`. False: it is another user. */
static bool split_account(char *copy, const char **ns, const char **name)
{
	if (strncmp(copy, ACCOUNT, sizeof(ACCOUNT) - 1))
		return false;
	char *at = copy + sizeof(ACCOUNT) - 1, *colon = strchr(at, ':');
	if (!colon || strchr(colon + 1, ':'))
		return false;
	*colon = 0;
	*ns = at;
	*name = colon + 1;
	struct name_faults faults;
	return !name_check_dns1123_label(*ns, &faults) && !name_check_dns1123_subdomain(*name, &faults);
}

/* ---- may he ---- */

static int permit(struct attributes *attr, const char *group, const char *resource, const char *sub,
		  const char *name, struct err *err)
{
	attr->group = group;
	attr->version = *group ? "v1" : "";
	attr->resource = resource;
	attr->subresource = sub;
	attr->name = name;
	return auth_permit(attr, err);
}

static int permit_user(const struct asked *a, struct attributes *attr, struct auth_identity *id,
		       struct err *err)
{
	const char *ns, *name;
	if (!split_account(id->text, &ns, &name))
		return permit(attr, "", "users", "", a->user, err);
	attr->ns = ns;
	int rc = permit(attr, "", "serviceaccounts", "", name, err);
	if (rc == 0)
		attr->ns = "";
	return rc;
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of a key in lower case, in place; left as it is when anything in it is no escape. */
static void unescape(char *key)
{
	for (const char *p = key; (p = strchr(p, '%')); p++)
		if (digit(p[1]) < 0 || digit(p[2]) < 0)
			return;
	char *to = key;
	for (const char *p = key; *p; p++) {
		bool escaped = *p == '%';
		*to++ = (char)(escaped ? digit(p[1]) * 16 + digit(p[2]) : *p);
		p += escaped ? 2 : 0;
	}
	*to = '\0';
}

static void take_extra(const struct asked *a, struct auth_identity *id)
{
	id->extra = mem_array(a->extras + 1, sizeof(*id->extra));
	for (size_t i = 0; i < a->im->n; i++) {
		if (!is_extra(a, i))
			continue;
		char *key = mem_strdup(a->im->v[i].name + sizeof(EXTRA) - 1);
		for (char *p = key; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		unescape(key);
		id->extra[id->n_extra++] = (struct user_extra){key, mem_strdup(a->im->v[i].value)};
	}
}

static int permit_all(const struct asked *a, struct attributes *attr, struct auth_identity *id,
		      struct err *err)
{
	if (permit_user(a, attr, id, err) < 0)
		return -1;
	for (size_t i = 0; i < a->im->n; i++)
		if (is_header(a, i, "Impersonate-Group") &&
		    permit(attr, "", "groups", "", a->im->v[i].value, err) < 0)
			return -1;
	for (size_t i = 0; i < id->n_extra; i++)
		if (permit(attr, "authentication.k8s.io", "userextras", id->extra[i].key, id->extra[i].value,
			   err) < 0)
			return -1;
	return *a->uid ? permit(attr, "authentication.k8s.io", "uids", "", a->uid, err) : 0;
}

/* ---- who he is then ---- */

static bool has(const struct auth_identity *id, size_t n, const char *group)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(id->groups[i], group))
			return true;
	return false;
}

/* The groups of a service account follow from its name, those of everybody from whether he has a name at all. */
static void become(const struct asked *a, struct auth_identity *id)
{
	static const char anybody[] = "system:authenticated", nobody[] = "system:unauthenticated";
	const char *ns, *name;
	size_t n = 0;
	for (size_t i = 0; i < a->im->n; i++)
		if (is_header(a, i, "Impersonate-Group"))
			id->groups[n++] = id->owned[id->n_owned++] = mem_strdup(a->im->v[i].value);
	if (!n && split_account(id->text, &ns, &name)) {
		id->groups[n++] = "system:serviceaccounts";
		id->groups[n++] = id->owned[id->n_owned++] = mem_printf("system:serviceaccounts:%s", ns);
	}
	if (!strcmp(a->user, "system:anonymous")) {
		if (!has(id, n, nobody))
			id->groups[n++] = nobody;
	} else if (!has(id, n, anybody) && !has(id, n, nobody)) {
		id->groups[n++] = anybody;
	}
	id->name = mem_strdup(a->user);
	id->uid = mem_strdup(a->uid);
}

/* Everything that is asked for, as Go prints a slice of v1.ObjectReference: kind, namespace, name, uid, apiVersion,
   resourceVersion, fieldPath. */
static void write_asked(struct buf *out, const struct asked *a)
{
	static const char version[] = "authentication.k8s.io/v1";
	struct auth_identity id = {.n_extra = 0};
	const char *sep = "";
	for (size_t i = 0; i < a->im->n; i++)
		if (is_header(a, i, "Impersonate-Group")) {
			buf_addf(out, "%s{Group  %s    }", sep, a->im->v[i].value);
			sep = " ";
		}
	take_extra(a, &id);
	for (size_t i = 0; i < id.n_extra; i++, sep = " ") {
		buf_addf(out, "%s{UserExtra  %s  %s  %s}", sep, id.extra[i].value, version, id.extra[i].key);
		free((char *)id.extra[i].key);
		free((char *)id.extra[i].value);
	}
	free(id.extra);
	if (*a->uid)
		buf_addf(out, "%s{UID  %s  %s  }", sep, a->uid, version);
}

static int check(const struct asked *a, struct err *err)
{
	autobuf struct buf all = BUF_INIT;
	if (a->im->n > IMPERSONATION_MAX)
		return err_set(err, REASON_BAD_REQUEST, "too many impersonation headers");
	if (*a->user || (!a->groups && !a->extras && !*a->uid))
		return 0;
	write_asked(&all, a);
	return err_set(err, REASON_INTERNAL, "requested [%s] without impersonating a user", buf_str(&all));
}

int auth_impersonate(struct request *rq, struct attributes *ret_attr, struct err *err)
{
	struct asked a = {.im = rq->impersonation};
	*ret_attr = (struct attributes)ATTRIBUTES_INIT;
	if (!a.im)
		return 0;
	if (a.im->n <= IMPERSONATION_MAX)
		count(&a);
	if (check(&a, err) < 0)
		return -1;
	if (!a.user || !*a.user)
		return 0;
	struct auth_identity *id = rq->identity = MEM_NEW(struct auth_identity);
	id->text = mem_strdup(a.user);
	id->requester = rq->user;
	take_extra(&a, id);
	ret_attr->user = &rq->user;
	ret_attr->verb = "impersonate";
	ret_attr->resource_request = true;
	if (permit_all(&a, ret_attr, id, err) < 0)
		return -1;
	free(id->text);
	id->text = mem_strdup(a.user);
	become(&a, id);
	rq->user = (struct user){id->name, id->uid, id->groups, id->extra, id->n_extra};
	return 0;
}

void auth_forget(struct request *rq)
{
	struct auth_identity *id = rq->identity;
	rq->identity = NULL;
	free(rq->impersonation);
	rq->impersonation = NULL;
	if (!id)
		return;
	rq->user = id->requester; /* who answers for it in the log */
	for (size_t i = 0; i < id->n_owned; i++)
		free(id->owned[i]);
	for (size_t i = 0; i < id->n_extra; i++) {
		free((char *)id->extra[i].key);
		free((char *)id->extra[i].value);
	}
	free(id->extra);
	free(id->name);
	free(id->uid);
	free(id->text);
	free(id);
}
