/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PATCH with application/apply-patch+yaml: server-side apply as a form of patch (kubernetes/apiserver
 * pkg/endpoints/handlers/patch.go, applyPatcher). The body is YAML, so JSON as well, and stays the tree that it is: what
 * a configuration does not mention means as much as what it does.
 */
#include "rest/verb/apply.h"

#include "object/yaml.h"
#include "rest/verb/verb.h"

static js *parse(const struct operation *o, struct js_duplicates *dup, struct err *err)
{
	const char *p = o->rq->body;
	size_t n = o->rq->body_len, space = 0;
	struct err ignore = ERR_INIT;

	if (body_is_nothing(p, n))
		return js_new_obj();
	while (space < n && strchr(" \t\r\n", p[space]))
		space++;
	js *json = space < n && p[space] == '{' ? js_parse(p, n, dup, &ignore) : NULL;
	if (json && !dup->n)
		return js_plain(json); /* as YAML has its numbers */
	js_autoput(&json);
	js_duplicates_release(dup); /* which are told as those of YAML */
	return yaml_parse(p, n, dup, err);
}

int apply_read(struct operation *o, struct patch *p, struct err *err)
{
	struct err why = ERR_INIT;

	p->tree = parse(o, &p->dup, &why);
	if (!p->tree)
		return err_set(err, REASON_BAD_REQUEST,
			       "error decoding YAML: error converting YAML to JSON: %.400s", why.msg);
	if (!js_is_obj(p->tree))
		return err_set(
			err, REASON_BAD_REQUEST,
			"error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal %s into Go value of type map[string]interface {}",
			js_word(p->tree));
	o->apply = (struct registry_apply){.config = p->tree, .force = request_param_bool(o->rq, "force")};
	return 0;
}

/* What a lenient reader makes nothing of is told when all else is right. */
static int check_strictly(void *arg, struct err *err)
{
	struct operation *o = arg;
	autobuf struct buf text = BUF_INIT;

	if (o->validation == VALIDATE_IGNORE || (o->validation == VALIDATE_WARN && o->runs++))
		return 0; /* it has been said */
	if (!body_yaml_duplicates(o->validation, o->rs, &o->patch.dup, &text))
		return 0;
	buf_clear(&o->call.text); /* the whole of it may not fit into an error */
	buf_addf(&o->call.text, "error strict decoding YAML: error converting YAML to JSON: %s", text.p);
	return err_set(err, REASON_BAD_REQUEST, "%.400s", o->call.text.p);
}

void apply_start(struct operation *o)
{
	o->apply.judge = check_strictly;
	o->apply.arg = o;
	registry_apply(&o->call, &o->apply);
}
