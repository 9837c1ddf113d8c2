// Package validate says what a name, a value and a setting may look like, in
// errors written for the person who has to mend them.
package validate
