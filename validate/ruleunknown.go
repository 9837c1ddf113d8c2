package validate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// refused are tags of validator's that a rule does not take, by the reason.
var refused = map[string][]string{
	"compares fields of a struct, and a rule looks at one value": {
		"eqfield", "nefield", "gtfield", "gtefield", "ltfield", "ltefield", "eqcsfield", "necsfield", "gtcsfield", "gtecsfield", "ltcsfield", "ltecsfield",
		"fieldcontains", "fieldexcludes", "required_if", "required_unless", "required_with", "required_with_all", "required_without", "required_without_all",
		"excluded_if", "excluded_unless", "excluded_with", "excluded_with_all", "excluded_without", "excluded_without_all", "skip_unless",
		"postcode_iso3166_alpha2_field",
	},
	"is for structs, lists and maps, and a value is one text": {
		"dive", "keys", "endkeys", "structonly", "nostructlevel", "omitzero", "omitnil", "unique", "validateFn", "isdefault",
	},
	"asks the machine that it runs on, and a value must mean the same on all nodes": {
		"file", "filepath", "dir", "dirpath", "image", "mimetype", "uds_exists", "unix_addr",
		"tcp_addr", "tcp4_addr", "tcp6_addr", "udp_addr", "udp4_addr", "udp6_addr", "ip_addr", "ip4_addr", "ip6_addr",
	},
}

// Tags returns the names of all tags that a rule takes, in their order.
func Tags() []string {
	all := []string{"required", "immutable", "secret", "deprecated", "omitempty", "jsonschema"}
	all = slices.AppendSeq(all, maps.Keys(plain))
	all = slices.AppendSeq(all, maps.Keys(own))
	all = slices.AppendSeq(all, maps.Keys(bounding))
	slices.Sort(all)
	return all
}

// unknownTag says what is wrong with a tag that there is not, and which ones there are.
func unknownTag(name string) error {
	for why, names := range refused {
		if slices.Contains(names, name) {
			return fmt.Errorf("%s %s", name, why)
		}
	}
	if name == "" {
		return fmt.Errorf("a tag is missing: it stands between commas, as in numeric,min=1")
	}
	if slices.Contains(Tags(), name) {
		return fmt.Errorf("%s stands in no alternative, and takes nothing behind a =: write it between commas", name)
	}
	suggestion := ""
	if near := nearest(name, Tags()); len(near) > 0 {
		suggestion = ": did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("there is no tag %s%s (in what stands behind a = a comma is written 0x2C; the tags are %s)",
		quote(name), suggestion, strings.Join(Tags(), " "))
}

// nearest returns up to three names that are few changes away from what was written.
func nearest(written string, names []string) []string {
	if written = strings.ToLower(written); len(written) > 64 {
		return nil
	}
	most := 1 + len(written)/4
	var near []string
	for distance := 0; distance <= most && len(near) == 0; distance++ {
		for _, name := range names {
			if changes(written, name) == distance {
				near = append(near, name)
			}
		}
	}
	return near[:min(len(near), 3)]
}

// changes returns how many bytes must be put in, left out or replaced to make a into b.
func changes(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
