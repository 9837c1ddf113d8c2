# Completion of confman for fish. Source it, or put it where fish finds it:
# /usr/share/fish/vendor_completions.d/confman.fish
function __confman_complete
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    set -l plain (string unescape -- "$word")
    and set word $plain
    set -l answer ($before[1] complete -- $before[2..-1] "$word" 2>/dev/null)
    and printf '%s\n' $answer
    or __fish_complete_path "$word"
end
complete -c confman -f -k -a '(__confman_complete)'
