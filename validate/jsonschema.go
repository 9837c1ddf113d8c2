package validate

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// MaxSchema bounds a JSON schema and all that it refers to, in bytes together.
const MaxSchema = 64 << 10

// schemaTest is the tag jsonschema. It keeps what it has compiled as long as the schemas stay as
// they are.
type schemaTest struct {
	name string
	last atomic.Pointer[compiled]
}

func newSchemaTest(name string) (test, error) {
	if err := Name(name); err != nil {
		return test{}, fmt.Errorf("jsonschema=NAME names the config that holds the schema: %w", err)
	}
	return test{tag: "jsonschema", expected: "JSON that fits the schema " + name, schema: &schemaTest{name: name}}, nil
}

func (s *schemaTest) check(value string, schemas Schemas, secret bool) *Violation {
	expected := "JSON that fits the schema " + s.name
	c := s.last.Load()
	if c == nil || !c.current(schemas) {
		c = compile(s.name, schemas)
		s.last.Store(c)
	}
	if c.fault != nil {
		return &Violation{"jsonschema", expected, fmt.Sprintf("the schema %s cannot be used: %v", s.name, c.fault)}
	}
	doc, err := readJSON(value)
	if err == nil {
		err = c.validate(doc)
	}
	var unfit *jsonschema.ValidationError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errSteps):
		return &Violation{"jsonschema", expected, fmt.Sprintf("the schema %s takes too long on this value", s.name)}
	case secret: // what is wrong with it may tell what it is
	case errors.As(err, &unfit):
		expected += " (" + detail(unfit) + ")"
	default:
		expected += " (" + err.Error() + ")"
	}
	return &Violation{Tag: "jsonschema", Expected: expected}
}

// compiled is a schema, or why it is none, and the texts that it was made of, by their configs.
type compiled struct {
	texts map[string]string
	fault error

	mu     sync.Mutex // the meter counts for one value at a time
	schema *jsonschema.Schema
	meter  *meter
}

// current reports whether the texts are still the same. A config that is not there has none.
func (c *compiled) current(schemas Schemas) bool {
	same := true
	for name, old := range c.texts {
		text, _ := schemas(name) // all of them, so that the transaction depends on all
		same = same && text == old
	}
	return same
}

func compile(name string, schemas Schemas) (c *compiled) {
	c = &compiled{texts: map[string]string{}, meter: &meter{}}
	defer func() {
		if p := recover(); p != nil {
			c.fault = errors.New("it upsets the compiler")
		}
	}()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	compiler.UseLoader(&configLoader{schemas, c.texts})
	compiler.UseRegexpEngine(func(expression string) (jsonschema.Regexp, error) {
		re, most, err := compileExpression(expression)
		if err != nil {
			return nil, err
		}
		return meteredRegexp{re, most, c.meter}, nil
	})
	c.schema, c.fault = compiler.Compile((&url.URL{Scheme: "confman", Path: "/" + name}).String())
	var missing *jsonschema.LoadURLError
	var unfit *jsonschema.SchemaValidationError
	switch {
	case errors.As(c.fault, &missing):
		c.fault = missing.Err
	case errors.As(c.fault, &unfit):
		if e := (*jsonschema.ValidationError)(nil); errors.As(unfit.Err, &e) {
			c.fault = errors.New(detail(e))
		}
	case c.fault == nil:
		c.meter.watch(c.schema, map[*jsonschema.Schema]bool{})
	}
	return c
}

// validate checks a document.
func (c *compiled) validate(doc any) (err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.meter.steps = 0
	defer func() {
		if p := recover(); p == errSteps {
			err = errSteps
		} else if p != nil {
			panic(p)
		}
	}()
	return c.schema.Validate(doc)
}

// configLoader finds schemas in configs: in no file, and nowhere in the network.
type configLoader struct {
	schemas Schemas
	texts   map[string]string
}

func (l *configLoader) Load(address string) (any, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "confman" || u.Host != "" {
		return nil, fmt.Errorf("it refers to %s, which is not fetched: put that schema into a config, and write confman:///NAME", shorten(address))
	}
	name := strings.TrimPrefix(u.Path, "/")
	if err := Name(name); err != nil {
		return nil, err
	}
	text, found := l.schemas(name)
	l.texts[name] = text
	size := 0
	for _, t := range l.texts {
		size += len(t)
	}
	switch {
	case !found:
		return nil, fmt.Errorf("there is no config %s: put the schema there", shorten(name))
	case size > MaxSchema:
		return nil, fmt.Errorf("it is over %d bytes, with all that it refers to: make it smaller", MaxSchema)
	}
	doc, err := readJSON(text)
	if err == nil {
		err = fitSchema(doc)
	}
	if err != nil {
		return nil, fmt.Errorf("config %s: %w", shorten(name), err)
	}
	return doc, nil
}

// readJSON reads a document whose numbers are of a size that can be computed with.
func readJSON(text string) (any, error) {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return nil, errors.New("it is not JSON")
	}
	return doc, eachNode(doc, 0, func(node any, depth int) error {
		if n, isNumber := node.(json.Number); isNumber && (len(n) > maxDigits || tall(string(n))) {
			return errors.New("it has a number that is too large")
		}
		if depth > maxDepth {
			return fmt.Errorf("it is over %d levels deep", maxDepth)
		}
		return nil
	})
}

// tall reports whether a number has an exponent of over two digits.
func tall(number string) bool {
	at := strings.IndexAny(number, "eE")
	return at >= 0 && len(strings.TrimLeft(number[at+1:], "+-0")) > 2
}

const (
	maxDepth = 128  // of a document
	maxNodes = 4096 // of a schema: compiling takes the square of it
)

// fitSchema refuses what a schema can do without, and what it costs without bound would come by.
func fitSchema(doc any) error {
	nodes := 0
	return eachNode(doc, 0, func(node any, _ int) error {
		if nodes++; nodes > maxNodes {
			return fmt.Errorf("it has over %d parts: make it smaller", maxNodes)
		}
		object, _ := node.(map[string]any)
		for _, keyword := range []string{"$dynamicRef", "$recursiveRef", "$vocabulary"} {
			if _, has := object[keyword]; has {
				return fmt.Errorf("it has %s, which schemas in configs do without", keyword)
			}
		}
		if draft, has := object["$schema"].(string); has && !strings.HasPrefix(draft, "http://json-schema.org/") && !strings.HasPrefix(draft, "https://json-schema.org/") {
			return errors.New("its $schema is none of json-schema.org's")
		}
		return nil
	})
}

// eachNode visits all parts of a document, until there is an error.
func eachNode(node any, depth int, visit func(node any, depth int) error) error {
	if err := visit(node, depth); err != nil {
		return err
	}
	switch node := node.(type) {
	case map[string]any:
		for _, part := range node {
			if err := eachNode(part, depth+1, visit); err != nil {
				return err
			}
		}
	case []any:
		for _, part := range node {
			if err := eachNode(part, depth+1, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

var english = message.NewPrinter(language.English)

// detail says what is wrong with a document, in the order of places.
func detail(e *jsonschema.ValidationError) string {
	var found []string
	var collect func(e *jsonschema.ValidationError)
	collect = func(e *jsonschema.ValidationError) {
		for _, cause := range e.Causes {
			collect(cause)
		}
		if len(e.Causes) == 0 {
			at := ""
			if len(e.InstanceLocation) > 0 {
				at = "at /" + strings.Join(e.InstanceLocation, "/") + ": "
			}
			if extra, isExtra := e.ErrorKind.(*kind.AdditionalProperties); isExtra {
				slices.Sort(extra.Properties) // they come in no order
			}
			found = append(found, at+e.ErrorKind.LocalizedString(english))
		}
	}
	collect(e)
	slices.Sort(found)
	return shorten(strings.Join(slices.Compact(found), "; "))
}

// shorten keeps what an error quotes to a part of a line.
func shorten(s string) string {
	const most = 160
	if s = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if control(r) {
			return ' '
		}
		return r
	}, s), "?"); len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "..."
	}
	return s
}
