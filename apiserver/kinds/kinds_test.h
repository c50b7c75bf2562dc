/* SPDX-License-Identifier: Apache-2.0 */
/* All kinds of the tree, loaded once for a group of tests: their setup and teardown. After cmocka.h. */
#ifndef KINDS_KINDS_TEST_H
#define KINDS_KINDS_TEST_H

#include "kinds/kinds.h"

static struct schema *schema;

static int setup(void **state)
{
	struct err err = ERR_INIT;
	schema = kinds_load(NULL, &err);
	if (!schema)
		print_error("%s\n", err.msg);
	return schema ? 0 : -1;
}

static int teardown(void **state)
{
	schema_free(schema);
	return 0;
}

#endif
