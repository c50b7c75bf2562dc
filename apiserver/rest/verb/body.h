/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a request body to a conforming tree: JSON, YAML or protobuf by Content-Type, one kind expected.
 *
 * Wording and order of the complaints follow upstream's codecs (kubernetes/apimachinery
 * pkg/runtime/serializer, kubernetes/apiserver pkg/endpoints/handlers/rest.go). Any thread; the returned tree
 * belongs to the caller.
 */
#ifndef REST_VERB_BODY_H
#define REST_VERB_BODY_H

#include "request/request.h"
#include "request/response.h"

enum field_validation { VALIDATE_WARN, VALIDATE_STRICT, VALIDATE_IGNORE };

struct decode {
	const struct schema *schema; /* tells kinds that exist from others */
	const struct type *type;
	const char *group, *version, *kind;
	enum field_validation validation;
	struct response *rs; /* takes the warnings */
	bool any_version;    /* the body may name any group and version (DeleteOptions) */
	struct buf *
		text; /* takes a complaint that is too long for an error, which then tells only the reason; NULL: it is cut */
	/* Becomes a body that says of an object of the users' own kinds that it is another: no codec knows better, so
	   that is judged as a rule for the object (REASON_INVALID). NULL: it is not. */
	js **misnamed;
	bool *other;	  /* becomes true when the body is of another kind or version; NULL: never mind */
	bool unexplained; /* what is wrong is said in the codec's words alone, REASON_UNKNOWN (DeleteOptions) */
};
/* Content-Type is empty: JSON. REASON_UNSUPPORTED_MEDIA_TYPE or REASON_BAD_REQUEST. apiVersion and kind of
   the result are those expected. */
js *body_decode(const struct decode *d, const char *content_type, const char *p, size_t n,
		struct err *err) MUST_CHECK;
/* Whether there is a codec for it: REASON_UNSUPPORTED_MEDIA_TYPE. */
int body_check_type(const char *content_type, struct err *err) MUST_CHECK;
/* JSON's null, with what space there may be around it */
bool body_is_null(const char *p, size_t n);
/* what YAML takes for null, likewise */
bool body_is_nothing(const char *p, size_t n);
/* Takes out of a complaint of the JSON parser's where it was, which upstream does not tell. */
void body_forget_place(struct err *err);
/* "apps/v1", "Deployment" */
bool body_kind_exists(const struct schema *schema, const char *api_version, const char *kind);
struct operation;
/* The body of an operation as an object of kind k, with defaults. */
js *body_object(struct operation *o, const struct kind *k, struct err *err) MUST_CHECK;
/* What such an object, the operation's own from here on, is refused with. */
int body_refuse_kind(struct operation *o, js *misnamed, struct err *err);
/* As one of two kinds; a body that is neither is measured by the first. */
js *body_either(struct operation *o, const struct kind *k, const struct kind *also,
		struct err *err) MUST_CHECK;

/* Whether what it says that it is, if anything, is text; else 400. */
int body_says_words(const js *o, struct err *err);
/* Strict complaints in their order: an error, warnings, or nothing. */
int body_strictness(enum field_validation v, struct response *rs, const struct strict_errors *strict,
		    struct buf *ret_text);
/* Those of a YAML document: warnings, or true and the text of one error. */
bool body_yaml_duplicates(enum field_validation v, struct response *rs, const struct js_duplicates *dup,
			  struct buf *ret_text);

/* "application/json; charset=utf-8" -> "application/json" */
void body_media_type(const char *content_type, char out[128]);

#endif
