/* SPDX-License-Identifier: Apache-2.0 */
/* How an object leaves the server: decided from the Accept header once per request. */
#ifndef REST_NEGOTIATE_H
#define REST_NEGOTIATE_H

#include "request/request.h"

/* What is answered to who takes none of it. */
#define NEGOTIATE_TYPES "application/json, application/yaml, application/vnd.kubernetes.protobuf"
#define NEGOTIATE_ACCEPTED "only the following media types are accepted: " NEGOTIATE_TYPES
/* What is said of a custom resource in protobuf. */
#define NEGOTIATE_NO_PB                                                                                      \
	"object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be encoded to a protobuf message"

enum presentation { PRESENT_OBJECT, PRESENT_TABLE, PRESENT_PARTIAL };
enum media { MEDIA_JSON, MEDIA_YAML, MEDIA_PROTOBUF };
struct accept {
	enum presentation as;
	enum media media; /* protobuf only when nothing else is taken: what is stored is JSON */
	bool pretty; /* ?pretty=true, or curl, wget, Mozilla as User-Agent (kubernetes/apiserver negotiation)
		      */
	bool partial_list;   /* PRESENT_PARTIAL: it was PartialObjectMetadataList that was asked for */
	const char *version; /* "v1" or "v1beta1" of Table / PartialObjectMetadata; static */
	enum {
		INCLUDE_METADATA,
		INCLUDE_OBJECT,
		INCLUDE_NONE
	} include; /* tables: what rows carry as `object` */
};
/* REASON_NOT_ACCEPTABLE when nothing in the list can be served. What a Table's rows are to carry is read, but judged by
   negotiate_options() alone: upstream looks at it when there is something to show. */
int negotiate(const struct request *rq, struct accept *ret, struct err *err) MUST_CHECK;
/* REASON_BAD_REQUEST when the rows of a Table are to carry what they cannot. */
int negotiate_options(const struct request *rq, const struct accept *a, struct err *err) MUST_CHECK;
/* Of what knows one form only: a Status, discovery. */
int negotiate_plain(const struct request *rq, struct accept *ret, struct err *err) MUST_CHECK;
/* Whether that form exists of what there is, an object of kind k or a list of them. REASON_NOT_ACCEPTABLE. */
int negotiate_fits(const struct accept *a, const struct kind *k, bool list, struct err *err) MUST_CHECK;
/* Who asks for conversion to a kind that is no form of every object, in one of n versions: its place, and how it is
   written; -1: nobody. */
int negotiate_as(const struct request *rq, const char *group, const char *kind, const char *const *versions,
		 size_t n, enum media *ret_media);
/* Of documents that have forms of their own: the place of the media type that the client likes best, -1 when it takes
   none. */
int negotiate_among(const struct request *rq, const char *const *types, size_t n);
const char *negotiate_content_type(const struct accept *a);

#endif
