// Package promises has one test for each class of what went wrong in stores like this one.
//
// Each class is a row of a table, which names its test. A test has the misfortune happen to real nodes, as a story in
// testdata or step by step, and checks with a function that returns what is violated. Below "would be noticed", the same
// function is given a cluster, a client or a copy of the truth that is wrong in the way of the class, and
// has to say so.
package promises
