/* recipe.h - options of training runs that are known by a name: files of JSON, an object of options' names to values.
 */
#ifndef MODELS_PROGRAM_RECIPE_H
#define MODELS_PROGRAM_RECIPE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The files in recipes/, which are part of the programs. */
typedef struct shipped_recipe {
    const char *name, *text;
} shipped_recipe;
extern const shipped_recipe shipped_recipes[]; /* ends with a name of NULL */

typedef struct recipe {
    char file[256];     /* its name in messages */
    char problem[1024]; /* what is wrong with it, where it cannot be read */
    json_t *values;     /* by options' names; NULL: it cannot be read. What the file says about itself is not in it */
} recipe;

/* Reads the recipe of a name, or a file, whose name has a '/' or ends in ".json". Whether there are such options, and
 * may have such values, is not asked. */
void recipe_read(recipe *r, const char *name);
void recipe_free(recipe *r);

/* "Recipes:", and a line for each with what it says about itself. */
void recipes_list(FILE *stream);

#endif
