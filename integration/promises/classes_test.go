package promises

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"confman/integration/pages"
)

// A class is what went wrong in other stores, as what is promised here instead.
type class struct {
	number  int
	promise string // with what happens meanwhile
	test    string
	control string // what the check has to notice
}

var classes = []class{
	{1, "An acknowledged write survives: a killed leader, all nodes killed, a leader cut off, one that hands over, members that come and go, a new node that is sent the state.", "TestAcknowledgedWritesSurvive", "all disks put back to before; writes acknowledged and never sent"},
	{2, "Nothing is applied twice: a leader hangs, is not heard, hears nothing, or dies, and every fifth answer is lost.", "TestNothingIsAppliedTwice", "INCR, HINCRBY and APPEND sent twice"},
	{3, "Nobody proposes what was applied: so many writes are so many revisions, whoever listens.", "TestNothingIsProposedThatWasApplied", "a client that writes what it hears"},
	{4, "No read is empty or old: after one node or all are killed, and while one is sent the state.", "TestNoReadIsEmptyOrOld", "a node answers that has nothing"},
	{5, "No read is uncommitted, on a leader that is cut off; a linearizable read on a leader that was paused sees what was written meanwhile.", "TestNoReadIsUncommittedOrFromBefore", "the same questions as local reads; a write read before it is acknowledged"},
	{6, "Reads do not go back, and a client sees what it has written through the same node, whoever leads.", "TestReadsDoNotGoBack", "written at one node, read at another that hangs"},
	{7, "A transaction is seen as a whole while leaders die; one that is refused has done nothing; WATCH holds across leaders.", "TestTransactionsAreWhole", "the same commands one by one; nothing watched"},
	{8, "An answer is to its question, and on its connection, in pipelines of what needs all nodes and what needs none, while leaders change.", "TestAnswersAreToTheirQuestions", "two answers exchanged; an answer of another client"},
	{9, "Everything is answered within the time that a write is held, and 4 s: without a leader, alone, cut off, and commands that wait.", "TestEverythingIsAnswered", "a node that hangs"},
	{10, "There is one cluster, with cuts, kills, pauses and changes of members at once; a term has one leader.", "TestThereIsOneCluster", "two clusters taken for one"},
	{11, "The change feed and notifications have no gap, nothing twice, and nothing out of order, from node to node, to slow readers, and over a state that is sent; or they say so.", "TestStreamsAreWhole", "changes swallowed, doubled and exchanged; notifications swallowed"},
	{12, "A client that keeps what it has read is told when that changes.", "TestCachesAreTold", "invalidations swallowed, and of other names"},
	{13, "A revision has one state on all nodes, and no node goes back.", "TestARevisionHasOneState", "a hash that was tampered with; a disk put back"},
	{14, "Rules, quotas, settings and their audit change in one order on all nodes. (There are no users yet.)", "TestRulesChangeInOneOrder", "the same changes in another order"},
	{15, "A node that was wiped, cloned or put back, or has another's data or log, is refused, and says what to do.", "TestStrangeDataIsRefused", "a node whose data can be made up takes part"},
	{16, "Clocks may jump by an hour: writes go on, what has expired does not come back, what does not expire stays, and no stamp is earlier than one before it.", "TestClocksMayJump", "the stamps of the node's own clock"},
	{17, "A disk that is full, reports errors, is read-only, or takes 2 s for each sync costs nothing that was acknowledged, and at most its node.", "TestDisksMayFail", "all disks empty"},
	{18, "An import, a rollback and a restored backup are there as a whole, or not at all, whoever is killed.", "TestImportsAreWhole", "an import cut in half; a backup without everything"},
	{0, "While a fault lasts, no node logs the same more than once a minute.", "TestTheLogIsQuiet", "a line every twenty seconds"},
}

// table is the classes in Markdown.
func table() string {
	var b strings.Builder
	b.WriteString("\n| | promised | test | negative control |\n|---|---|---|---|\n")
	for _, c := range classes {
		number := fmt.Sprint(c.number)
		if c.number == 0 {
			number = ""
		}
		fmt.Fprintf(&b, "| %s | %s | `%s` | %s |\n", number, c.promise, c.test, c.control)
	}
	return b.String() + "\n"
}

// testsHere are the names of this package's tests.
func testsHere(t *testing.T) (all []string) {
	t.Helper()
	paths, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, is := d.(*ast.FuncDecl); is && strings.HasPrefix(f.Name.Name, "Test") {
				all = append(all, f.Name.Name)
			}
		}
	}
	return all
}

// Each class has a test, each test is a class', and docs/reliability.md has the table of them.
func TestTheTableIsCurrent(t *testing.T) {
	here, told := testsHere(t), []string{"TestMain", "TestTheTableIsCurrent"}
	for _, c := range classes {
		if told = append(told, c.test); !slices.Contains(here, c.test) {
			t.Errorf("class %d: there is no %s", c.number, c.test)
		}
	}
	for _, test := range here {
		if !slices.Contains(told, test) {
			t.Errorf("%s is not in the table", test)
		}
	}
	pages.Check(t, "reliability.md", "classes", table())
}
