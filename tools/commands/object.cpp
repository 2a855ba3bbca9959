// kilt object: data objects on the token.
#include "tools/commands/commands.h"
#include "tools/commands/confirmation.h"
#include "tools/commands/report.h"
#include "tools/terminal/text.h"

namespace kilt::tool {
namespace {

struct ObjectOptions {
  std::string label, new_label, file, out, application;
  bool is_private = false, login = false;
};

Json data_json(const DataView& data) {
  return {{"label", data.label}, {"application", data.application}, {"private", data.is_private}};
}

const DataView& one_object(const Inventory& inventory, const std::string& label) {
  const DataView* found = nullptr;
  for (const DataView& data : inventory.data) {
    if (data.label != label) continue;
    if (found != nullptr)
      throw Failure(Kind::kNotFound, tr("Several data objects have this name."));
    found = &data;
  }
  if (found == nullptr)
    throw Failure(Kind::kNotFound, tr("There is no data object of this name."),
                  tr("A private one is seen after a login: --login"));
  return *found;
}

/// Opens the token, logs in if asked or needed, and hands over.
template <typename Action>
void with_token(Context& context, bool login, Session::Mode mode, Action action) {
  const ChosenToken token = context.token();
  Session session(context.module(), token.id(), mode);
  if (login || mode == Session::Mode::kWrite) context.login(session, token, Role::kUser);
  Json document = context.document();
  action(token, session, read_inventory(session), document);
  context.out().document(document);
}

void list(Context& context, const ObjectOptions& options) {
  with_token(context, options.login, Session::Mode::kRead,
             [&](const ChosenToken&, Session&, const Inventory& inventory, Json& document) {
               document["objects"] = Json::array();
               Table table({tr("NAME"), tr("APPLICATION"), tr("PRIVATE")});
               for (const DataView& data : inventory.data) {
                 table.row({data.label, data.application, data.is_private ? tr("yes") : tr("no")});
                 document["objects"].push_back(data_json(data));
               }
               if (table.empty())
                 context.out().line(tr("No data objects are seen."));
               else
                 table.print(context.out());
             });
}

void export_one(Context& context, const ObjectOptions& options) {
  check_writable(options.out);
  with_token(context, options.login, Session::Mode::kRead,
             [&](const ChosenToken&, Session& session, const Inventory& inventory, Json& document) {
               const DataView& data = one_object(inventory, options.label);
               const Bytes value = session.read(data.handle, {CKA_VALUE}).bytes(CKA_VALUE);
               document["object"] = data_json(data);
               document["value"] = to_hex(value);
               if (!context.options.json || !options.out.empty()) write_file(options.out, value);
             });
}

void import(Context& context, const ObjectOptions& options) {
  const Bytes value = read_file(options.file);
  with_token(
      context, true, Session::Mode::kWrite,
      [&](const ChosenToken&, Session& session, const Inventory&, Json& document) {
        Template object;
        object.number(CKA_CLASS, CKO_DATA).flag(CKA_TOKEN, true);
        object.flag(CKA_PRIVATE, options.is_private).text(CKA_LABEL, options.label);
        object.text(CKA_APPLICATION, options.application).bytes(CKA_VALUE, value);
        session.create(std::move(object));
        document["object"] = data_json({0, options.label, options.application, options.is_private});
        context.out().line(tr("The data object is on the token."));
      });
}

void relabel(Context& context, const ObjectOptions& options) {
  with_token(
      context, true, Session::Mode::kWrite,
      [&](const ChosenToken&, Session& session, const Inventory& inventory, Json& document) {
        const DataView& data = one_object(inventory, options.label);
        Template change;
        change.text(CKA_LABEL, options.new_label);
        session.change(data.handle, std::move(change));
        document["object"] = data_json({0, options.new_label, data.application, data.is_private});
        context.out().line(tr("Its name is \"{0}\" now.", options.new_label));
      });
}

void remove(Context& context, const ObjectOptions& options) {
  with_token(
      context, true, Session::Mode::kWrite,
      [&](const ChosenToken& token, Session& session, const Inventory& inventory, Json& document) {
        const Inventory now = confirm_unchanged(
            context, session, token, inventory, tr("Type \"{0}\" to delete it", options.label),
            options.label, [&](const Inventory& one) {
              const DataView& data = one_object(one, options.label);
              return data.application + '\n' +
                     to_hex(session.read(data.handle, {CKA_VALUE}).bytes(CKA_VALUE));
            });
        const DataView& data = one_object(now, options.label);
        session.destroy(data.handle);
        document["object"] = data_json(data);
        context.out().line(tr("The data object is deleted."));
      });
}

}  // namespace

void add_object(CLI::App& app, Context& context) {
  CLI::App* object = app.add_subcommand("object", tr("Data objects on the token"));
  object->require_subcommand(1);
  auto options = std::make_shared<ObjectOptions>();

  CLI::App* command = object->add_subcommand("list", tr("Which there are"));
  command->add_flag("--login", options->login, tr("Log in, to see private objects too"));
  set_action(*command, context, [&context, options] { list(context, *options); });

  command = object->add_subcommand("export", tr("Write one to a file"));
  command->add_option("label", options->label, tr("Its name"))->required();
  command->add_option("--out", options->out, tr("File to write (default: standard output)"));
  command->add_flag("--login", options->login, tr("Log in, to see private objects too"));
  set_action(*command, context, [&context, options] { export_one(context, *options); });

  command = object->add_subcommand("import", tr("Store a file"));
  command->add_option("file", options->file, tr("The file (-: standard input)"))->required();
  command->add_option("--label", options->label, tr("Its name"))->required();
  command->add_option("--application", options->application, tr("The program it belongs to"));
  command->add_flag("--private", options->is_private, tr("Seen only after a login"));
  set_action(*command, context, [&context, options] { import(context, *options); });

  command = object->add_subcommand("relabel", tr("Give one another name"));
  command->add_option("label", options->label, tr("Its name"))->required();
  command->add_option("new", options->new_label, tr("The new name"))->required();
  set_action(*command, context, [&context, options] { relabel(context, *options); });

  command = object->add_subcommand("delete", tr("Delete one"));
  command->add_option("label", options->label, tr("Its name"))->required();
  set_action(*command, context, [&context, options] { remove(context, *options); });
}

}  // namespace kilt::tool
