package main

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// A settingsFile is YAML: one mapping of names to plain values. What YAML would make of
// other values surprises people: 0123 is 83, and !x is nothing.
type settingsFile struct {
	path  string
	lines []string
}

// decode reads the settings that a file has, and notes at which line each stands.
func (from sources) decode(path string, content []byte, s *Settings, where origins) error {
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	f := settingsFile{path: path, lines: strings.Split(string(content), "\n")}
	parsed, err := parser.ParseBytes(content, 0)
	if err != nil {
		return f.mistakeOf(err)
	}
	body, err := f.body(parsed)
	if body == nil || err != nil {
		return err
	}
	for _, v := range pairs(body) {
		if err := f.checkPlain(v); err != nil {
			return err
		}
	}
	if err := yaml.NodeToValue(body, s, yaml.Strict(), yaml.Validator(checker{})); err != nil {
		return f.mistakeOf(err)
	}
	for _, v := range pairs(body) {
		if at := v.Key.GetToken(); v.Value.Type() != ast.NullType {
			where[at.Value] = fmt.Sprintf("%s:%d", path, at.Position.Line)
		}
	}
	return nil
}

// body returns the one document that says anything, or nil.
func (f settingsFile) body(parsed *ast.File) (body ast.Node, err error) {
	for _, doc := range parsed.Docs {
		switch {
		case doc.Body == nil || doc.Body.Type() == ast.CommentType || doc.Body.Type() == ast.NullType:
		case body != nil:
			return nil, f.mistake(doc.Body.GetToken().Position, "a second document begins: put all settings into one")
		default:
			body = doc.Body
		}
	}
	return body, nil
}

func pairs(body ast.Node) []*ast.MappingValueNode {
	switch body := body.(type) {
	case *ast.MappingNode:
		return body.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{body}
	}
	return nil
}

// checkPlain refuses values that mean something else than they look like.
func (f settingsFile) checkPlain(v *ast.MappingValueNode) error {
	d := settingNamed(v.Key.GetToken().Value)
	if d == nil {
		return nil // the decoder knows where
	}
	kind, wanted := v.Value.Type(), []ast.NodeType{ast.NullType, ast.StringType, ast.LiteralType}
	want := "text: put it in quotes"
	switch of := reflect.TypeFor[Settings]().Field(d.index).Type.Kind(); {
	case of == reflect.Int:
		wanted, want = []ast.NodeType{ast.NullType, ast.IntegerType}, "a whole number"
	case of == reflect.Bool:
		wanted, want = []ast.NodeType{ast.NullType, ast.BoolType}, "true or false"
	case !d.secret:
		wanted = append(wanted, ast.IntegerType, ast.FloatType, ast.BoolType)
	}
	if slices.Contains(wanted, kind) {
		return nil
	}
	return f.mistake(v.Value.GetToken().Position, fmt.Sprintf("%s is not %s", d.name, want))
}

// mistakeOf says where an error of the YAML library is.
func (f settingsFile) mistakeOf(err error) error {
	var e yaml.Error
	if !errors.As(err, &e) || e.GetToken() == nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	return f.mistake(e.GetToken().Position, e.GetMessage())
}

var lineOfSetting = regexp.MustCompile(`^["']?(\w+)["']?[ \t]*:`)

// mistake points at line and column. It shows nothing that may be a secret: neither values
// of secret settings, nor of settings there are not, which may be misspelt secrets.
func (f settingsFile) mistake(at *token.Position, what string) error {
	line, column := min(at.Line, len(f.lines)), at.Column
	first := line
	for first > 1 && (f.lines[first-1] == "" || strings.ContainsAny(f.lines[first-1][:1], " \t\r#")) {
		first--
	}
	key := lineOfSetting.FindStringSubmatch(f.lines[first-1])
	if key == nil {
		return fmt.Errorf("%s: [%d:%d] these are no settings: write name: value, each on a line of its own", f.path, line, column)
	}
	excerpt := strings.TrimRight(f.lines[line-1], "\r")
	switch d := settingNamed(key[1]); {
	case d == nil:
		line, column, excerpt = first, 1, key[0]+" ..."
		what = noSuch("setting", key[1], settingNames()).Error()
	case d.secret:
		line, column, excerpt = first, 1, key[0]+" ..."
		what = d.name + " is not text: put it in quotes"
	}
	return fmt.Errorf("%s: [%d:%d] %s\n> %d | %s\n    %*s", f.path, line, column, what,
		line, excerpt, len(fmt.Sprint(line))+column+1, "^")
}
