/* SPDX-License-Identifier: Apache-2.0 */
/* See definition.h; kubernetes/apiextensions-apiserver pkg/apihelpers/helpers.go. */
#include "kinds/apiextensions/definition.h"

#include <string.h>

static bool ends_in(const char *s, const char *domain)
{
	size_t n = strlen(s), m = strlen(domain);

	return n >= m && !strcmp(s + n - m, domain) && (n == m || s[n - m - 1] == '.');
}

bool definition_is_protected(const char *group)
{
	return ends_in(group, "k8s.io") || ends_in(group, "kubernetes.io");
}

static bool is_url(const char *s)
{
	const char *colon = strstr(s, "://");

	return colon && colon > s && colon[3] && colon[3] != '/';
}

const char *definition_approval(const char *text, struct buf *ret)
{
	static const char see[] = "see https://github.com/kubernetes/enhancements/pull/1111";

	if (!*text) {
		buf_addf(ret,
			 "protected groups must have approval annotation \"" DEFINITION_APPROVED "\", %s",
			 see);
		return "MissingAnnotation";
	}
	if (!strncmp(text, "unapproved", strlen("unapproved"))) {
		buf_adds(ret, "not approved: ");
		buf_add_json_string(ret, text, strlen(text));
		return "UnapprovedAnnotation";
	}
	if (is_url(text)) {
		buf_addf(ret, "approved in %s", text);
		return "ApprovedAnnotation";
	}
	buf_addf(ret,
		 "protected groups must have approval annotation \"" DEFINITION_APPROVED
		 "\" with either a URL or a reason starting with \"unapproved\", %s",
		 see);
	return "InvalidAnnotation";
}
