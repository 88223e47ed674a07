/** Shells that can complete our command lines. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/**
 * What each shell has to run once. All ask the program itself what may come next: a word and its description by line, or
 * `:yaml`, `:files`, `:folders` for paths, which the shell completes.
 */
export const completionScripts: Readonly<Record<(typeof shells)[number], string>> = {
  bash: `# Completion of polytask in bash. Put this into ~/.bashrc:  source <(polytask completion bash)
_polytask() {
  local line current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :yaml)
        compopt -o filenames
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(
          compgen -d -- "$current"
          for ending in yaml yml json; do compgen -f -X "!*.$ending" -- "$current"; done
        ) ;;
      :files)
        compopt -o filenames
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current") ;;
      :folders)
        compopt -o filenames
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$current") ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(polytask complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _polytask polytask`,
  zsh: `#compdef polytask
# Completion of polytask in zsh. Put this into ~/.zshrc, after compinit:  source <(polytask completion zsh)
_polytask() {
  local line
  local -a described
  for line in "\${(@f)$(polytask complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      '') ;;
      :yaml) _files -g '*.(yaml|yml|json)(-.)' ;;
      :files) _files ;;
      :folders) _files -/ ;;
      *) described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done
  (( \${#described} )) && _describe polytask described
}
if (( \${+functions[compdef]} )); then compdef _polytask polytask; fi`,
  fish: `# Completion of polytask in fish. Put this into a file:  polytask completion fish > ~/.config/fish/completions/polytask.fish
function __polytask_complete
  set -l words (commandline -opc) (commandline -ct)
  polytask complete -- $words[2..-1] 2>/dev/null | while read -l line
    switch "$line"
      case ':yaml'
        for ending in .yaml .yml .json
          __fish_complete_suffix (commandline -ct) $ending | string match -r '(?:.*/|.*\\.(?:ya?ml|json))(?:\\t.*)?$'
        end
      case ':files'
        __fish_complete_path (commandline -ct)
      case ':folders'
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c polytask -f -a '(__polytask_complete)'`,
};
