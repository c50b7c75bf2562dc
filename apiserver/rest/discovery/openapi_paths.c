/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths: what may be done with the resources, as rows of operations over rows of parameters. Names and shapes are those of
 * upstream's installer (kubernetes/apiserver pkg/endpoints/installer.go); old clients look up the PATCH operations here,
 * by kind, to see whether the server knows dryRun and fieldValidation.
 */
#include "rest/discovery/openapi_internal.h"

#include <ctype.h>
#include <string.h>
#include "kinds/strategy.h"

/* ---- parameters ---- */

enum {
	P_CONTINUE = 1 << 0,
	P_BOOKMARKS = 1 << 1,
	P_FIELD_SELECTOR = 1 << 2,
	P_LABEL_SELECTOR = 1 << 3,
	P_LIMIT = 1 << 4,
	P_RV = 1 << 5,
	P_RV_MATCH = 1 << 6,
	P_INITIAL = 1 << 7,
	P_TIMEOUT = 1 << 8,
	P_WATCH = 1 << 9,
	P_DRY_RUN = 1 << 10,
	P_MANAGER = 1 << 11,
	P_VALIDATION = 1 << 12,
	P_FORCE = 1 << 13,
	P_GRACE = 1 << 14,
	P_IGNORE_READ = 1 << 15,
	P_ORPHAN = 1 << 16,
	P_POLICY = 1 << 17,
	P_NAMESPACE = 1 << 18,
	P_PRETTY = 1 << 19,
	P_CONTAINER = 1 << 20,
	P_FOLLOW = 1 << 21,
	P_INSECURE = 1 << 22,
	P_BYTES = 1 << 23,
	P_PREVIOUS = 1 << 24,
	P_SINCE = 1 << 25,
	P_STREAM = 1 << 26,
	P_TAIL = 1 << 27,
	P_TIMESTAMPS = 1 << 28,
};
#define P_SELECT                                                                                             \
	(P_CONTINUE | P_FIELD_SELECTOR | P_LABEL_SELECTOR | P_LIMIT | P_RV | P_RV_MATCH | P_INITIAL |        \
	 P_TIMEOUT)
#define P_LIST (P_SELECT | P_BOOKMARKS | P_WATCH)
#define P_DELETE (P_DRY_RUN | P_GRACE | P_IGNORE_READ | P_ORPHAN | P_POLICY)
#define P_WRITE (P_DRY_RUN | P_MANAGER | P_VALIDATION)
#define P_LOG                                                                                                \
	(P_CONTAINER | P_FOLLOW | P_INSECURE | P_BYTES | P_PREVIOUS | P_SINCE | P_STREAM | P_TAIL |          \
	 P_TIMESTAMPS)
/* Of these kubectl looks for the names inside of the operations. */
#define P_UNSHARED (P_DRY_RUN | P_VALIDATION)

static const struct parameter {
	unsigned bit;
	const char *name, *type, *description;
	bool in_path;
} parameters[] = {
	{P_BOOKMARKS, "allowWatchBookmarks", "boolean",
	 "Sends BOOKMARK events from time to time, which say how far the watch has come. Only with watch.",
	 false},
	{P_CONTINUE, "continue", "string",
	 "The token that came with the last part of a list, for the part behind it. All other parameters stay as they were.",
	 false},
	{P_DRY_RUN, "dryRun", "string",
	 "All: the request goes through every stage and is answered, but nothing is stored.", false},
	{P_MANAGER, "fieldManager", "string",
	 "Name of who writes, at most 128 printable characters, for the record of who owns which field. Apply patches need one; "
	 "else it is the beginning of User-Agent.",
	 false},
	{P_FIELD_SELECTOR, "fieldSelector", "string",
	 "Only objects some fields of which have these values, as in metadata.name=x,status.phase!=y.",
	 false},
	{P_VALIDATION, "fieldValidation", "string",
	 "What becomes of unknown and duplicate fields: Strict refuses the request, Warn (the default) drops them and warns, Ignore "
	 "drops them.",
	 false},
	{P_FORCE, "force", "boolean", "Takes fields over that others own. Only for apply patches.", false},
	{P_GRACE, "gracePeriodSeconds", "integer",
	 "Seconds until the object is removed; 0 removes it at once. Without it, the kind's or the object's own time.",
	 false},
	{P_IGNORE_READ, "ignoreStoreReadErrorWithClusterBreakingPotential", "boolean",
	 "Removes an object that cannot be read from the store, and skips all that would otherwise happen to it.",
	 false},
	{P_LABEL_SELECTOR, "labelSelector", "string",
	 "Only objects whose labels match, as in app=web,tier!=cache,env in (a,b).", false},
	{P_LIMIT, "limit", "integer",
	 "The most objects in one reply. When there are more, metadata.continue of the reply leads to the rest.",
	 false},
	{P_NAMESPACE, "namespace", "string", "Name of the namespace.", true},
	{P_ORPHAN, "orphanDependents", "boolean",
	 "Old form of propagationPolicy: true keeps what the object owns. Not both.", false},
	{P_PRETTY, "pretty", "string", "true: indented for people. The default for browsers, curl and wget.",
	 false},
	{P_POLICY, "propagationPolicy", "string",
	 "What becomes of objects that this one owns: Orphan keeps them, Background removes them afterwards, Foreground before it.",
	 false},
	{P_RV, "resourceVersion", "string",
	 "How new the answer must be: nothing for the newest, 0 for any, else at least, or exactly, this version.",
	 false},
	{P_RV_MATCH, "resourceVersionMatch", "string",
	 "Exact or NotOlderThan: how resourceVersion is meant in a list.", false},
	{P_INITIAL, "sendInitialEvents", "boolean",
	 "A watch begins with an event for every object that there is, and a bookmark behind them. Needs "
	 "resourceVersionMatch=NotOlderThan.",
	 false},
	{P_TIMEOUT, "timeoutSeconds", "integer", "Ends the list or watch after that time.", false},
	{P_WATCH, "watch", "boolean",
	 "Sends what changes from resourceVersion on, event by event, instead of a list.", false},
	{P_CONTAINER, "container", "string", "Whose log; may be left out when the Pod has one container.",
	 false},
	{P_FOLLOW, "follow", "boolean", "Goes on with what is written from now on.", false},
	{P_INSECURE, "insecureSkipTLSVerifyBackend", "boolean",
	 "Does not check the certificate of the node's agent.", false},
	{P_BYTES, "limitBytes", "integer", "Ends after so many bytes.", false},
	{P_PREVIOUS, "previous", "boolean", "Of the run before the present one.", false},
	{P_SINCE, "sinceSeconds", "integer", "Only lines that are not older than so many seconds.", false},
	{P_STREAM, "stream", "string", "All, Stdout or Stderr; All is the default.", false},
	{P_TAIL, "tailLines", "integer", "Only so many lines from the end.", false},
	{P_TIMESTAMPS, "timestamps", "boolean", "A time before every line.", false},
};

static void add_parameter_members(struct openapi_writer *w, const struct parameter *p)
{
	emit_string(&w->e, "name", p->name);
	emit_string(&w->e, "in", p->in_path ? "path" : "query");
	emit_string(&w->e, "description", p->description);
	if (p->in_path)
		emit_bool(&w->e, "required", true);
	if (w->v3)
		emit_open(&w->e, "schema", '{');
	emit_string(&w->e, "type", p->type);
	emit_bool(&w->e, "uniqueItems", true);
	if (w->v3)
		emit_close(&w->e, '}');
}

static void add_parameter(struct openapi_writer *w, const struct parameter *p)
{
	emit_open(&w->e, NULL, '{');
	if (w->v3 || (p->bit & P_UNSHARED)) {
		add_parameter_members(w, p);
	} else {
		autofree char *ref = mem_printf("#/parameters/%s", p->name);
		emit_string(&w->e, "$ref", ref);
	}
	emit_close(&w->e, '}');
}

void openapi_paths_write_parameters(struct openapi_writer *w)
{
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++) {
		if (parameters[i].bit & P_UNSHARED)
			continue;
		emit_open(&w->e, parameters[i].name, '{');
		add_parameter_members(w, &parameters[i]);
		emit_close(&w->e, '}');
	}
}

/* The object's name says of which kind it is. */
static void add_name(struct openapi_writer *w, const struct kind *k)
{
	autofree char *about = mem_printf("Name of the %s.", k->kind);
	const struct parameter p = {
		.bit = P_UNSHARED, .name = "name", .type = "string", .description = about, .in_path = true};
	add_parameter(w, &p);
}

/* ---- operations ---- */

enum op_place { COLLECTION, ITEM, EVERYWHERE };
enum body { BODY_NONE, BODY_OBJECT, BODY_PATCH, BODY_DELETE };
enum reply { REPLY_OBJECT, REPLY_LIST, REPLY_DELETED, REPLY_STATUS, REPLY_EVENT };

static const struct operation {
	enum op_place place;
	bool watch; /* below /watch */
	const char *method;
	unsigned verb;
	const char *prefix,
		*suffix; /* of the operation's name, which is PREFIX Group Version SUFFIX Namespaced Kind */
	const char *end; /* … END */
	const char *action;
	const char *before, *behind; /* the description, around the kind */
	unsigned parameters;
	enum body body;
	enum reply reply;
	unsigned codes; /* 1: 200; 2: 201; 4: 202 */
} operations[] = {
	{COLLECTION, false, "get", VERB_LIST, "list", "", "", "list", "list or watch objects of kind ", "",
	 P_LIST, BODY_NONE, REPLY_LIST, 1},
	{COLLECTION, false, "post", VERB_CREATE, "create", "", "", "post", "create a ", "", P_WRITE,
	 BODY_OBJECT, REPLY_OBJECT, 7},
	{COLLECTION, false, "delete", VERB_DELETECOLLECTION, "delete", "Collection", "", "deletecollection",
	 "delete a collection of ", "", P_DELETE | P_SELECT, BODY_DELETE, REPLY_STATUS, 1},
	{ITEM, false, "get", VERB_GET, "read", "", "", "get", "read the specified ", "", 0, BODY_NONE,
	 REPLY_OBJECT, 1},
	{ITEM, false, "put", VERB_UPDATE, "replace", "", "", "put", "replace the specified ", "", P_WRITE,
	 BODY_OBJECT, REPLY_OBJECT, 3},
	{ITEM, false, "post", VERB_CREATE, "create", "", "", "post", "create for the specified ", "", P_WRITE,
	 BODY_OBJECT, REPLY_OBJECT, 7},
	{ITEM, false, "patch", VERB_PATCH, "patch", "", "", "patch", "partially update the specified ", "",
	 P_WRITE | P_FORCE, BODY_PATCH, REPLY_OBJECT, 3},
	{ITEM, false, "delete", VERB_DELETE, "delete", "", "", "delete", "delete a ", "", P_DELETE,
	 BODY_DELETE, REPLY_DELETED, 5},
	{EVERYWHERE, false, "get", VERB_LIST, "list", "", "ForAllNamespaces", "list",
	 "list or watch objects of kind ", " in all namespaces", P_LIST, BODY_NONE, REPLY_LIST, 1},
	{COLLECTION, true, "get", VERB_WATCH, "watch", "", "List", "watchlist", "watch changes to a list of ",
	 "; deprecated: use the parameter watch of the list", P_LIST, BODY_NONE, REPLY_EVENT, 1},
	{ITEM, true, "get", VERB_WATCH, "watch", "", "", "watch", "watch changes to one ",
	 "; deprecated: use the parameters watch and fieldSelector of the list", P_LIST, BODY_NONE,
	 REPLY_EVENT, 1},
	{EVERYWHERE, true, "get", VERB_WATCH, "watch", "", "ListForAllNamespaces", "watchlist",
	 "watch changes to a list of ", " in all namespaces; deprecated: use the parameter watch of the list",
	 P_LIST, BODY_NONE, REPLY_EVENT, 1},
};

/* What another server answers. */
#define CONNECT(method, verb, word)                                                                          \
	{                                                                                                    \
		ITEM, false, method, verb, "connect", word, "", "connect",                                   \
			"connect " method " requests to ", "", 0, BODY_NONE, REPLY_OBJECT, 1                 \
	}
static const struct operation connects[] = {
	CONNECT("get", VERB_GET, "Get"),	   CONNECT("put", VERB_UPDATE, "Put"),
	CONNECT("post", VERB_CREATE, "Post"),	   CONNECT("patch", VERB_PATCH, "Patch"),
	CONNECT("delete", VERB_DELETE, "Delete"),  CONNECT("head", VERB_PATCH, "Head"),
	CONNECT("options", VERB_PATCH, "Options"),
};

static const struct connect_parameter {
	const char *subresources, *name, *type, *description;
} connect_parameters[] = {
	{"exec", "command", "string", "A word of the command line, which no shell sees; repeated for each."},
	{"exec attach", "container", "string", "Whose; may be left out when the Pod has one container."},
	{"portforward", "ports", "integer", "Ports of the Pod. Only with WebSockets."},
	{"proxy", "path", "string", "What is asked of the other server."},
	{"exec attach", "stderr", "boolean", "Standard error is sent."},
	{"exec attach", "stdin", "boolean", "Standard input is taken."},
	{"exec attach", "stdout", "boolean", "Standard output is sent."},
	{"exec attach", "tty", "boolean", "There is a terminal."},
};

/* What a path is about. */
struct op_subject {
	const struct kind *kind;
	const struct subresource *sub; /* NULL: the object itself */
	const struct type *type;       /* of what is sent and returned; NULL: text */
	bool path;		       /* and whatever stands behind it */
};

/* "apps" + "v1" -> AppsV1, "rbac.authorization.k8s.io" -> RbacAuthorization; lower: rbacAuthorization */
static void add_camel(struct buf *b, const char *s, size_t n, bool upper)
{
	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)s[i]) && s[i] != '_') {
			upper = true;
			continue;
		}
		buf_addc(b, upper ? (char)toupper((unsigned char)s[i]) : s[i]);
		upper = false;
	}
}

static size_t group_len(const char *group)
{
	size_t n = strlen(group);
	return n > 7 && !strcmp(group + n - 7, ".k8s.io") ? n - 7 : n;
}

static void add_group(struct buf *b, const char *group, bool upper)
{
	if (*group)
		add_camel(b, group, group_len(group), upper);
	else
		buf_adds(b, upper ? "Core" : "core");
}

static void add_tags(struct openapi_writer *w, const char *group, const char *version)
{
	autobuf struct buf b = BUF_INIT;
	add_group(&b, group, false);
	if (version)
		buf_addf(&b, "_%s", version);
	emit_open(&w->e, "tags", '[');
	emit_string(&w->e, NULL, buf_str(&b));
	emit_close(&w->e, ']');
}

static void add_operation_id(struct openapi_writer *w, const struct operation *op, const struct op_subject *s)
{
	const struct kind *k = s->kind;
	autobuf struct buf b = BUF_INIT;
	buf_adds(&b, op->prefix);
	add_group(&b, k->group, true);
	add_camel(&b, k->version, strlen(k->version), true);
	buf_adds(&b, op->suffix);
	if (k->namespaced && op->place != EVERYWHERE)
		buf_adds(&b, "Namespaced");
	buf_adds(&b, k->kind);
	if (s->sub)
		add_camel(&b, s->sub->name, strlen(s->sub->name), true);
	buf_adds(&b, s->path ? "WithPath" : op->end);
	emit_string(&w->e, "operationId", buf_str(&b));
}

static void add_gvk(struct openapi_writer *w, const struct op_subject *s)
{
	const struct kind *k = s->kind;
	const struct subresource *sub = s->sub;
	emit_open(&w->e, "x-kubernetes-group-version-kind", '{');
	emit_string(&w->e, "group", sub && sub->group ? sub->group : k->group);
	emit_string(&w->e, "version", sub && sub->version ? sub->version : k->version);
	emit_string(&w->e, "kind", sub && sub->kind ? sub->kind : k->kind);
	emit_close(&w->e, '}');
}

/* ---- bodies and replies ---- */

static const char *const media[] = {"application/json", "application/yaml",
				    "application/vnd.kubernetes.protobuf"};
static const char *const streams[] = {"application/json;stream=watch",
				      "application/vnd.kubernetes.protobuf;stream=watch"};
static const char *const patches[] = {"application/json-patch+json", "application/merge-patch+json",
				      "application/apply-patch+yaml",
				      "application/strategic-merge-patch+json"};

/* Custom resources have no protobuf, and no strategic merge. */
static size_t n_of(size_t all, const struct kind *k)
{
	return k->type->structural ? all - 1 : all;
}

struct op_content {
	const struct operation *op;
	const struct op_subject *s;
	const struct type *type;
	bool list;
};

static void add_schema(struct openapi_writer *w, const struct op_content *c)
{
	if (c->list)
		openapi_schema_refer_list(w, "schema", c->s->kind);
	else if (c->type)
		openapi_schema_refer(w, "schema", c->type);
	else
		emit_raw(&w->e, "schema", "{\"type\":\"string\"}");
}

static void add_media(struct openapi_writer *w, const char *const *v, size_t n, const struct op_content *c)
{
	for (size_t i = 0; i < n; i++) {
		emit_open(&w->e, v[i], '{');
		add_schema(w, c);
		emit_close(&w->e, '}');
	}
}

static struct op_content reply_of(const struct openapi_writer *w, const struct operation *op,
				  const struct op_subject *s)
{
	struct op_content c = {.op = op, .s = s, .type = s->type, .list = op->reply == REPLY_LIST};
	const struct strategy *st = s->kind->strategy;
	bool returned = st && (st->flags & STRATEGY_RETURNS_DELETED);
	if (op->reply == REPLY_STATUS || (op->reply == REPLY_DELETED && !returned))
		c.type = schema_type(w->schema, "Status");
	if (op->reply == REPLY_EVENT)
		c.type = schema_type(w->schema, "WatchEvent");
	return c;
}

static void add_reply(struct openapi_writer *w, const char *code, const char *about,
		      const struct op_content *c)
{
	bool streamed = c->op->parameters & P_WATCH;
	static const char *const text[] = {"text/plain"}, *const any[] = {"*/*"};
	bool connect = c->s->sub && c->s->sub->connect;
	emit_open(&w->e, code, '{');
	emit_string(&w->e, "description", about);
	if (w->v3)
		emit_open(&w->e, "content", '{');
	if (!w->v3)
		add_schema(w, c);
	else if (!c->type && !c->list)
		add_media(w, connect ? any : text, 1, c);
	else
		add_media(w, media, n_of(ARRAY_LEN(media), c->s->kind), c);
	if (w->v3 && streamed)
		add_media(w, streams, n_of(ARRAY_LEN(streams), c->s->kind), c);
	if (w->v3)
		emit_close(&w->e, '}');
	emit_close(&w->e, '}');
}

static void add_replies(struct openapi_writer *w, const struct operation *op, const struct op_subject *s)
{
	static const char *const codes[][2] = {{"200", "OK"}, {"201", "Created"}, {"202", "Accepted"}};
	const struct op_content c = reply_of(w, op, s);
	emit_open(&w->e, "responses", '{');
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (op->codes & 1u << i)
			add_reply(w, codes[i][0], codes[i][1], &c);
	emit_raw(&w->e, "401", "{\"description\":\"Unauthorized\"}");
	emit_close(&w->e, '}');
}

static struct op_content body_of(const struct openapi_writer *w, const struct operation *op,
				 const struct op_subject *s)
{
	struct op_content c = {.op = op, .s = s, .type = s->type};
	if (op->body == BODY_PATCH)
		c.type = schema_type(w->schema, "Patch");
	if (op->body == BODY_DELETE)
		c.type = schema_type(w->schema, "DeleteOptions");
	return c;
}

static void add_body(struct openapi_writer *w, const struct operation *op, const struct op_subject *s)
{
	static const char *const any[] = {"*/*"};
	const struct op_content c = body_of(w, op, s);
	if (op->body == BODY_NONE)
		return;
	emit_open(&w->e, "requestBody", '{');
	emit_open(&w->e, "content", '{');
	if (op->body == BODY_PATCH)
		add_media(w, patches, n_of(ARRAY_LEN(patches), s->kind), &c);
	else
		add_media(w, any, 1, &c);
	emit_close(&w->e, '}');
	if (op->body != BODY_DELETE)
		emit_bool(&w->e, "required", true);
	emit_close(&w->e, '}');
}

static void add_body_parameter(struct openapi_writer *w, const struct operation *op,
			       const struct op_subject *s)
{
	const struct op_content c = body_of(w, op, s);
	if (w->v3 || op->body == BODY_NONE)
		return;
	emit_open(&w->e, NULL, '{');
	emit_string(&w->e, "name", "body");
	emit_string(&w->e, "in", "body");
	if (op->body != BODY_DELETE)
		emit_bool(&w->e, "required", true);
	add_schema(w, &c);
	emit_close(&w->e, '}');
}

static void add_strings(struct openapi_writer *w, const char *key, const char *const *v, size_t n)
{
	emit_open(&w->e, key, '[');
	for (size_t i = 0; i < n; i++)
		emit_string(&w->e, NULL, v[i]);
	emit_close(&w->e, ']');
}

/* v2: what is taken and returned is said beside. */
static void add_media_lists(struct openapi_writer *w, const struct operation *op, const struct op_subject *s)
{
	static const char *const any[] = {"*/*"};
	const char *produces[ARRAY_LEN(media) + ARRAY_LEN(streams)];
	size_t n = n_of(ARRAY_LEN(media), s->kind);
	if (w->v3)
		return;
	memcpy(produces, media, n * sizeof(*produces));
	if (op->parameters & P_WATCH)
		for (size_t i = 0; i < n_of(ARRAY_LEN(streams), s->kind); i++)
			produces[n++] = streams[i];
	if (op->body == BODY_PATCH)
		add_strings(w, "consumes", patches, n_of(ARRAY_LEN(patches), s->kind));
	else
		add_strings(w, "consumes", any, 1);
	const char *plain = s->sub && s->sub->connect ? "*/*" : "text/plain";
	add_strings(w, "produces", s->type ? produces : &plain, s->type ? n : 1);
	add_strings(w, "schemes", (const char *[]){"https"}, 1);
}

static void add_operation(struct openapi_writer *w, const struct operation *op, const struct op_subject *s)
{
	bool log = !s->type && !s->sub->connect;
	unsigned wanted = op->parameters | (log && op->verb == VERB_GET ? P_LOG : 0);
	bool of = s->sub;
	autofree char *about = mem_printf("%s%s%s%s%s", op->before, of ? s->sub->name : "",
					  of ? " of a " : "", s->kind->kind, op->behind);
	emit_open(&w->e, op->method, '{');
	emit_string(&w->e, "description", about);
	add_operation_id(w, op, s);
	add_tags(w, s->kind->group, s->kind->version);
	add_media_lists(w, op, s);
	emit_open(&w->e, "parameters", '[');
	add_body_parameter(w, op, s);
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
		if (wanted & parameters[i].bit)
			add_parameter(w, &parameters[i]);
	emit_close(&w->e, ']');
	if (w->v3)
		add_body(w, op, s);
	add_replies(w, op, s);
	emit_string(&w->e, "x-kubernetes-action", op->action);
	add_gvk(w, s);
	emit_close(&w->e, '}');
}

/* ---- paths ---- */

static void add_connect_parameters(struct openapi_writer *w, const struct op_subject *s)
{
	for (size_t i = 0; i < ARRAY_LEN(connect_parameters); i++) {
		const struct connect_parameter *p = &connect_parameters[i];
		const struct parameter q = {.bit = P_UNSHARED,
					    .name = p->name,
					    .type = p->type,
					    .description = p->description,
					    .in_path = s->path};
		if (strstr(p->subresources, s->sub->name))
			add_parameter(w, &q);
	}
}

static void add_path_parameters(struct openapi_writer *w, const struct op_subject *s, enum op_place place)
{
	emit_open(&w->e, "parameters", '[');
	for (size_t i = 0; i < ARRAY_LEN(parameters); i++)
		if ((parameters[i].bit == P_NAMESPACE && s->kind->namespaced && place != EVERYWHERE) ||
		    parameters[i].bit == P_PRETTY)
			add_parameter(w, &parameters[i]);
	if (place == ITEM)
		add_name(w, s->kind);
	if (s->sub && s->sub->connect)
		add_connect_parameters(w, s);
	emit_close(&w->e, ']');
}

static void add_path_name(struct buf *b, const struct op_subject *s, enum op_place place, bool watch)
{
	const struct kind *k = s->kind;
	buf_adds(b, *k->group ? "/apis/" : "/api/");
	buf_adds(b, k->group);
	buf_addf(b, "%s%s%s%s/%s%s", *k->group ? "/" : "", k->version, watch ? "/watch" : "",
		 k->namespaced && place != EVERYWHERE ? "/namespaces/{namespace}" : "", k->resource,
		 place == ITEM ? "/{name}" : "");
	if (s->sub)
		buf_addf(b, "/%s%s", s->sub->name, s->path ? "/{path}" : "");
}

/* The methods of one path, if there are any. */
static void add_path(struct openapi_writer *w, const struct op_subject *s, enum op_place place, bool watch)
{
	unsigned verbs = s->sub ? s->sub->verbs : s->kind->verbs;
	autobuf struct buf name = BUF_INIT;
	bool any = false, connect = s->sub && s->sub->connect;
	const struct operation *rows = connect ? connects : operations;
	if (!s->sub && place == ITEM)
		verbs &= ~(unsigned)VERB_CREATE; /* which is the collection's */
	for (size_t i = 0; i < (connect ? ARRAY_LEN(connects) : ARRAY_LEN(operations)); i++) {
		const struct operation *op = &rows[i];
		if (op->place != place || op->watch != watch || !(verbs & op->verb))
			continue;
		if (!any) {
			add_path_name(&name, s, place, watch);
			emit_open(&w->e, buf_str(&name), '{');
		}
		any = true;
		add_operation(w, op, s);
	}
	if (!any)
		return;
	add_path_parameters(w, s, place);
	emit_close(&w->e, '}');
}

static void add_kind(struct openapi_writer *w, const struct kind *k)
{
	const struct op_subject whole = {.kind = k, .type = k->type};
	for (int watch = 0; watch < 2; watch++) {
		add_path(w, &whole, COLLECTION, watch);
		add_path(w, &whole, ITEM, watch);
		if (k->namespaced)
			add_path(w, &whole, EVERYWHERE, watch);
	}
	for (size_t i = 0; i < k->n_subresources; i++) {
		const struct subresource *sub = &k->subresources[i];
		const struct op_subject part = {
			.kind = k, .sub = sub, .type = openapi_schema_body(w, k, sub)};
		add_path(w, &part, ITEM, false);
		if (sub->connect && sub->verbs & VERB_PATCH) {
			const struct op_subject behind = {.kind = k, .sub = sub, .path = true};
			add_path(w, &behind, ITEM, false);
		}
	}
}

void openapi_paths_write(struct openapi_writer *w, const char *group, const char *version)
{
	for (size_t i = 0; i < w->n_kinds; i++) {
		const struct kind *k = w->kinds[i];
		if (k->resource && *k->resource && k->verbs && !strcmp(k->group, group) &&
		    !strcmp(k->version, version))
			add_kind(w, k);
	}
}

/* ---- what there is ---- */

static void add_get(struct openapi_writer *w, const char *path, const char *about, const char *id,
		    const char *type)
{
	const struct type *t = schema_type(w->schema, type);
	emit_open(&w->e, path, '{');
	emit_open(&w->e, "get", '{');
	emit_string(&w->e, "description", about);
	emit_string(&w->e, "operationId", id);
	if (!w->v3) {
		add_strings(w, "consumes", media, 1);
		add_strings(w, "produces", media, 1);
		add_strings(w, "schemes", (const char *[]){"https"}, 1);
	}
	emit_open(&w->e, "responses", '{');
	emit_open(&w->e, "200", '{');
	emit_string(&w->e, "description", "OK");
	if (w->v3) {
		emit_open(&w->e, "content", '{');
		emit_open(&w->e, media[0], '{');
	}
	openapi_schema_refer(w, "schema", t);
	if (w->v3) {
		emit_close(&w->e, '}');
		emit_close(&w->e, '}');
	}
	emit_close(&w->e, '}');
	emit_raw(&w->e, "401", "{\"description\":\"Unauthorized\"}");
	emit_close(&w->e, '}');
	emit_close(&w->e, '}');
	emit_close(&w->e, '}');
}

void openapi_paths_write_discovery(struct openapi_writer *w, const char *group, const char *version)
{
	autobuf struct buf path = BUF_INIT;
	autobuf struct buf id = BUF_INIT;
	buf_adds(&id, "get");
	if (!group) {
		add_get(w, "/apis/", "get the versions of all groups", "getAPIVersions", "APIGroupList");
		return;
	}
	add_group(&id, group, true);
	buf_addf(&path, *group ? "/apis/%s/" : "/api/%s", group);
	if (version) {
		buf_addf(&path, "%s/", version);
		add_camel(&id, version, strlen(version), true);
		buf_adds(&id, "APIResources");
		add_get(w, buf_str(&path), "get the resources of the version", buf_str(&id),
			"APIResourceList");
	} else if (*group) {
		buf_adds(&id, "APIGroup");
		add_get(w, buf_str(&path), "get the versions of the group", buf_str(&id), "APIGroup");
	} else {
		buf_adds(&id, "APIVersions");
		add_get(w, buf_str(&path), "get the versions of the core group", buf_str(&id), "APIVersions");
	}
}

void openapi_paths_write_version(struct openapi_writer *w)
{
	add_get(w, "/version/", "get the version of this server", "getCodeVersion", "Info");
}
