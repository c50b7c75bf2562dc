/* SPDX-License-Identifier: Apache-2.0 */
#include "kinds/apps/rolling.h"

const struct rolling_name rolling_of_deployments[] = {
	{"MaxUnavailable", "maxUnavailable", false}, {"MaxSurge", "maxSurge", false}, {NULL, NULL, false}};
const struct rolling_name rolling_of_statefulsets[] = {
	{"Partition", "partition", false}, {"MaxUnavailable", "maxUnavailable", true}, {NULL, NULL, false}};

js *rolling_shown_update(const js *rolling, const struct rolling_name *names)
{
	js *shown = js_new_obj();

	for (; names->go; names++) {
		const js *v = js_field(rolling, names->json);
		js_set(shown, names->go, v ? js_dup(v) : names->null ? NULL : js_new_int(0));
	}
	return shown;
}

js *rolling_shown(const js *strategy, const struct rolling_name *names)
{
	const js *rolling = js_obj(strategy, "rollingUpdate", NULL);
	js *shown = js_new_obj();

	js_set_str(shown, "Type", js_str0(strategy, "type", NULL));
	js_set(shown, "RollingUpdate", rolling ? rolling_shown_update(rolling, names) : NULL);
	return shown;
}

void rolling_unknown(const js *strategy, const char *path, const struct rolling_name *names,
		     const char *const *supported, struct field_errors *errs)
{
	autojson js *shown = rolling_shown(strategy, names);
	autobuf struct buf b = BUF_INIT;

	buf_adds(&b, "Unsupported value: ");
	js_write(&b, shown);
	buf_adds(&b, ": supported values: ");
	for (size_t i = 0; supported[i]; i++)
		buf_addf(&b, "%s\"%s\"", i ? ", " : "", supported[i]);
	field_errors_drop(errs, PATH("%s.type", path));
	field_errors_add(errs, "FieldValueNotSupported", mem_strdup(path), buf_take(&b, NULL));
}
