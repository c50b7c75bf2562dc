/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be a name, a label, a qualified key … (kubernetes/apimachinery pkg/util/validation). Each check
 * returns how many rules s breaks, none when it is valid; the texts are static and those that upstream puts into the
 * Status, one cause each, e.g. `a lowercase RFC 1123 subdomain must consist of …`. Any thread.
 */
#ifndef OBJECT_NAME_H
#define OBJECT_NAME_H

#include "base/buf.h"

#define NAME_FAULTS_MAX 5
struct name_faults {
	const char *v[NAME_FAULTS_MAX];
	size_t n;
};
typedef size_t name_check(const char *s, struct name_faults *ret);

name_check name_check_dns1123_label;
name_check name_check_dns1123_subdomain;
name_check name_check_dns1123_subdomain_underscore; /* of DNS searches */
name_check name_check_wildcard_subdomain;	    /* *.example.com */
name_check name_check_dns1035_label;
name_check name_check_qualified; /* [prefix/]name: label keys, annotations, resources */
name_check name_check_label_value;
name_check name_check_path_segment;
name_check name_check_env_var;	  /* relaxed form: any printable but '=' */
name_check name_check_port_name;  /* IANA_SVC_NAME */
name_check name_check_config_key; /* keys of ConfigMap and Secret */

/* API versions by age: v2 > v1 > v2beta1 > v1beta2 > v1alpha1 > anything else, of which the first in the alphabet is
   greatest. As strcmp. */
int name_compare_versions(const char *a, const char *b);

/* Where upstream makes one text of them. */
void name_faults_join(const struct name_faults *f, const char *between, struct buf *out);

#endif
