/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may be a name, a label, a qualified key … (kubernetes/apimachinery pkg/util/validation). Each check
 * returns NULL when s is valid, or the static text that upstream puts into the Status, e.g. `a lowercase RFC
 * 1123 subdomain must consist of …`. Any thread.
 */
#ifndef OBJECT_NAME_H
#define OBJECT_NAME_H

const char *name_check_dns1123_label(const char *s);
const char *name_check_dns1123_subdomain(const char *s);
const char *name_check_dns1035_label(const char *s);
const char *name_check_qualified(const char *s); /* [prefix/]name: label keys, annotations, resources */
const char *name_check_label_value(const char *s);
const char *name_check_path_segment(const char *s);
const char *name_check_env_var(const char *s);	  /* relaxed form: any printable but '=' */
const char *name_check_port_name(const char *s);  /* IANA_SVC_NAME */
const char *name_check_config_key(const char *s); /* keys of ConfigMap and Secret */

#endif
