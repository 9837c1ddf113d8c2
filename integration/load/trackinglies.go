package load

import "bytes"

// TrackingLies are what [Tracking] has to notice. Each is told to one of its clients.
func TrackingLies() []*Lie {
	const always = 1 << 30
	return []*Lie{
		pushLie("invalidations are swallowed", invalidates(alone), swallow(always)),
		pushLie("invalidations name something else", invalidates(alone), misname),
		pushLie("invalidations come late", invalidates(alone), lag),
		pushLie("what clients are told by prefix is swallowed", invalidates(several), swallow(always)),
		pushLie("what is redirected is swallowed", invalidates(redirected), swallow(always)),
	}
}

// Of what is told by name there is one name, and by prefix the namespace's as well.
func alone(kind string, names int) bool      { return kind == "invalidate" && names == 1 }
func several(kind string, names int) bool    { return kind == "invalidate" && names > 1 }
func redirected(kind string, names int) bool { return kind == "message" }

// invalidates returns what a lie is about: invalidations of a kind, but for what expires, which may be told later.
func invalidates(of func(kind string, names int) bool) func(string, []any) bool {
	return func(_ string, push []any) bool {
		kind, _ := push[0].(string)
		names, _ := push[len(push)-1].([]any)
		if len(names) == 0 || !of(kind, len(names)) {
			return false
		}
		return !about(names[0], "/"+trackedSoon)
	}
}

// misname puts another name in the place of each that is told. One alone might be of a config that was made and deleted
// before it is read again.
func misname(_ int, raw []byte, _ *[]byte) ([]byte, bool) {
	return bytes.Replace(raw, []byte("tracking/"), []byte("trucking/"), 1), false
}

// lag has each come behind the next one.
func lag(_ int, raw []byte, held *[]byte) ([]byte, bool) {
	instead := *held
	*held = raw
	return instead, false
}
