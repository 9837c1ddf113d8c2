package store

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"confman/validate"
)

// Settings are what a namespace has been told about itself. What is zero it has not been told: that
// comes from the namespaces above it.
type Settings struct {
	Description string `json:"description,omitempty"` // is not inherited
	Owner       string `json:"owner,omitempty"`
	Keep        uint64 `json:"keep,omitempty"`      // versions kept of each config; in the end [DefaultKeep]
	Age         Millis `json:"age,omitempty"`       // how old a version may be that can be read; in the end any
	MaxKeys     uint64 `json:"max_keys,omitempty"`  // quotas: of all that is at and below the namespace
	MaxBytes    uint64 `json:"max_bytes,omitempty"` // of names and values
	Protect     *bool  `json:"protect,omitempty"`   // it is not left without any config
	Strict      *bool  `json:"strict,omitempty"`    // it holds only configs that a rule is for
	Rules       []Rule `json:"rules,omitempty"`
}

// A Rule says what the values of some configs must look like.
type Rule struct {
	Pattern string `json:"pattern"` // a glob over their paths below the namespace
	Rule    string `json:"rule"`
}

// DefaultKeep is how many versions of a config are kept where no namespace says so.
const DefaultKeep = 100

// settingsNamespace is where the settings stand: one of the system's configs for each namespace.
const settingsNamespace = validate.System + "/namespaces"

// settingsGuard is what stands in the database for that namespace.
const settingsGuard = namespaces + settingsNamespace

// rootSettings is the key of the root's, whose name "" cannot be one.
const rootSettings = "%2F"

var (
	settingsKey = strings.NewReplacer("%", "%25", "/", "%2F")
	settingsOf  = strings.NewReplacer("%25", "%", "%2F", "/")
)

// settingsName returns the name of the config that holds a namespace's settings.
func settingsName(ns string) string {
	if ns == "" {
		return settingsNamespace + "/" + rootSettings
	}
	return settingsNamespace + "/" + settingsKey.Replace(ns)
}

// settingsOwner returns the namespace whose settings stand at a key of that namespace.
func settingsOwner(key string) string {
	if key == rootSettings {
		return ""
	}
	return settingsOf.Replace(key)
}

func decodeSettings(value string) (s Settings, err error) {
	err = json.Unmarshal([]byte(value), &s)
	return s, err
}

// settings returns what a write says that a namespace has been told about itself, nothing if it is
// deleted or cannot be read, and whether it is about that.
func (w Write) settings() (ns string, s Settings, some bool) {
	key, some := strings.CutPrefix(w.Name, settingsNamespace+"/")
	if !some || w.Delete {
		return "", Settings{}, some
	}
	s, err := decodeSettings(w.Value)
	if err != nil {
		s = Settings{}
	}
	return settingsOwner(key), s, true
}

// zero reports whether the settings say nothing.
func (s Settings) zero() bool {
	return s.Description+s.Owner == "" && s.Keep == 0 && s.Age == 0 && s.MaxKeys == 0 && s.MaxBytes == 0 &&
		s.Protect == nil && s.Strict == nil && len(s.Rules) == 0
}

// under returns the settings as they are of a namespace below one whose settings are given: what
// they do not say comes from there. The rules of both hold.
func (s Settings) under(above Settings) Settings {
	if s.Owner == "" {
		s.Owner = above.Owner
	}
	if s.Keep == 0 {
		s.Keep = above.Keep
	}
	if s.Age == 0 {
		s.Age = above.Age
	}
	if s.MaxKeys == 0 {
		s.MaxKeys = above.MaxKeys
	}
	if s.MaxBytes == 0 {
		s.MaxBytes = above.MaxBytes
	}
	if s.Protect == nil {
		s.Protect = above.Protect
	}
	if s.Strict == nil {
		s.Strict = above.Strict
	}
	if len(above.Rules) > 0 {
		s.Rules = slices.Concat(above.Rules, s.Rules)
	}
	return s
}

// Policies are the settings of all namespaces at one moment. They do not change.
type Policies struct {
	revision uint64
	own      map[string]Settings
	quotas   bool // there is one somewhere
	protects bool // something is protected
	rules    parsedRules
}

// loadPolicies reads the settings of all namespaces. What cannot be read, because a later version
// wrote it, counts as if it were not set.
func loadPolicies(src source) *Policies {
	p := &Policies{revision: loadNamespace(src, settingsGuard).revision}
	s := within(settingsNamespace)
	src.ascend(s, func(key, value string) bool {
		own, err := decodeSettings(mustRecord(key, value).Value)
		if err != nil {
			return true
		}
		if p.own == nil {
			p.own = map[string]Settings{}
		}
		p.own[settingsOwner(key[len(s.from):])] = own
		p.quotas = p.quotas || own.bounds()
		p.protects = p.protects || own.Protect != nil && *own.Protect
		return true
	})
	return p
}

// bounds reports whether the settings hold a quota.
func (s Settings) bounds() bool { return s.MaxKeys > 0 || s.MaxBytes > 0 }

// Own returns what a namespace, "" for the root, has been told itself, and whether that is anything.
func (p *Policies) Own(ns string) (Settings, bool) {
	s, found := p.own[ns]
	return s, found
}

// Of returns what holds for a namespace: of each setting what the nearest namespace on its path says,
// and the rules of all of the path, the outermost first. A quota that comes from above is one of all
// that is there, not of this namespace.
func (p *Policies) Of(ns string) (s Settings) {
	p.ascend(ns, func(_ string, own Settings) {
		s.Description = ""
		s = own.under(s)
	})
	if _, found := p.own[ns]; !found {
		s.Description = ""
	}
	return s
}

// All returns the namespaces that have settings of their own, in order; the root is "".
func (p *Policies) All() []string { return slices.Sorted(maps.Keys(p.own)) }

// Path returns the namespaces with settings of their own that are the given one or above it, the
// outermost first.
func (p *Policies) Path(ns string) (path []string) {
	p.ascend(ns, func(at string, _ Settings) { path = append(path, at) })
	return path
}

// ascend visits the namespaces of a path that have settings of their own, the outermost first.
func (p *Policies) ascend(ns string, visit func(at string, own Settings)) {
	if len(p.own) == 0 {
		return
	}
	for at := range path(ns) {
		if own, found := p.own[at]; found {
			visit(at, own)
		}
	}
}

// path goes through the namespaces above a namespace, the root first, and the namespace itself.
func path(ns string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		if !yield("") {
			return
		}
		for i := range len(ns) {
			if ns[i] == '/' && !yield(ns[:i]) {
				return
			}
		}
		if ns != "" {
			yield(ns)
		}
	}
}
